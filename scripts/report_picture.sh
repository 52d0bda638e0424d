#!/usr/bin/env bash
# Makes docs/images/report.png, the README's picture: the summary of a run's report.
#
#     make demo && scripts/report_picture.sh crossfire-demo
#
# Needs Chromium, ImageMagick and pngquant (Debian: chromium imagemagick pngquant).
set -euo pipefail
run=$(readlink -f "${1:?expected the folder of a run}")
picture=$(dirname "$0")/../docs/images/report.png
page=$(mktemp --suffix .png)
trap 'rm -f "$page"' EXIT
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1280,1372 \
  --screenshot="$page" "file://$run/report/index.html" 2>/dev/null
mkdir -p "$(dirname "$picture")"
# Leave out the page's head, so that the summary fills the picture.
convert "$page" -crop 1180x1062+60+310 +repage - |
  pngquant --quality 80-98 --output "$picture" --force -
ls -l "$picture"
