/// The style sheet of a report page: light and dark, for screens of any width and for print.
enum ReportStyle {
  static var css: String { [font, base, summary, figures, tables, seriesOnDark, print].joined() }

  private static let font = "\nbody{font-family:\(SVG.fonts)}\n"

  private static let base = """
    :root{--paper:#fff;--raised:#f6f7f9;--ink:#1c2126;--muted:#59626c;--rule:#dde1e6;--link:#0b62a8;
      --shade:#79b4e6;--frame:#1c2126;--warn:#8a4b00;--warn-paper:#fff7e8;--warn-rule:#e0a030;
      color-scheme:light dark}
    @media screen and (prefers-color-scheme:dark){:root{--paper:#14171a;--raised:#1c2024;
      --ink:#e8eaed;--muted:#a3abb5;
      --rule:#343a41;--link:#7cc0f5;--shade:#1f5c8f;--frame:#e8eaed;--warn:#f2b95a;
      --warn-paper:#2a2214;--warn-rule:#9a6a1a}}
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
    body{margin:0 auto;max-width:74rem;padding:2.5rem clamp(1rem,4vw,2.5rem) 3rem;
      background:var(--paper);color:var(--ink);
      font-size:1rem;line-height:1.55;
      overflow-wrap:break-word;font-variant-numeric:tabular-nums lining-nums}
    h1,h2,h3{line-height:1.2;font-weight:650;letter-spacing:-.011em;text-wrap:balance}
    h1{font-size:clamp(1.75rem,1.2rem + 2.2vw,2.5rem);margin:0;overflow-wrap:anywhere}
    h2{font-size:1.5rem;margin:0 0 1.25rem;padding-top:1.75rem;border-top:1px solid var(--rule)}
    h3{font-size:1.0625rem;margin:2rem 0 .75rem;overflow-wrap:anywhere}
    p{margin:0}
    a{color:var(--link);text-underline-offset:.2em;text-decoration-thickness:1px}
    a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--link);
      outline-offset:3px}
    section{margin-top:3rem}
    section>p+p,section>p+figure,section>p+.panels,section>figure+.scroll,section>p+.scroll,
      figure+details{margin-top:1rem}
    .kicker{font-size:.8125rem;font-weight:600;letter-spacing:.06em;text-transform:uppercase;
      color:var(--muted);margin-bottom:.5rem}
    .lede{max-width:44rem;margin-top:.75rem;font-size:1.125rem;color:var(--muted);text-wrap:pretty}
    nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;list-style:none;margin:1.25rem 0 0;
      padding:0;font-size:.9375rem}
    .aside{font-weight:400;color:var(--muted);letter-spacing:0}
    .unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);
      white-space:nowrap}
    footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--rule);font-size:.875rem;
      color:var(--muted)}

    """

  private static let summary = """
    .summary{display:grid;grid-template-columns:minmax(0,1fr);gap:2rem 3.5rem}
    @media (min-width:60rem){.summary{grid-template-columns:minmax(0,1.65fr) minmax(0,1fr)}}
    .summary h3,.asked h3,.flags h3,section>div>h3:first-child{margin-top:0}
    .findings,.asked ul,.flags ul{list-style:none;margin:0;padding:0}
    .findings li{display:grid;grid-template-columns:7.25rem minmax(0,1fr);gap:1rem;
      align-items:baseline;padding:.75rem 0;
      border-top:1px solid var(--rule);text-wrap:pretty;overflow-wrap:anywhere}
    .findings li:first-child{border-top:0;padding-top:0}
    .findings .figure{white-space:nowrap;font-size:1.75rem;line-height:1;font-weight:600;
      letter-spacing:-.02em}
    .asked{align-self:start;background:var(--raised);border-radius:.625rem;padding:1.25rem 1.375rem;
      font-size:.9375rem}
    .asked.broad{margin-top:1.5rem}
    .broad dl{columns:3 17rem;column-gap:2rem}
    .broad dt{break-after:avoid}
    .broad li{break-inside:avoid}
    dl{margin:0}
    dt{font-size:.8125rem;font-weight:600;color:var(--muted)}
    dd{margin:0 0 .75rem;overflow-wrap:anywhere}
    dd:last-child{margin-bottom:0}
    dd li+li{margin-top:.25rem}
    .flags{margin-top:1.5rem;padding:1.125rem 1.375rem;border-left:4px solid var(--warn-rule);
      background:var(--warn-paper);
      border-radius:.25rem .625rem .625rem .25rem;font-size:.9375rem}
    .flags h3{color:var(--warn)}
    .flags li+li{margin-top:1rem}
    .flags p{text-wrap:pretty;overflow-wrap:anywhere;max-width:60rem}
    .flags .scroll{margin:.5rem 0 0}
    .flags .facts{font-size:.875rem}
    .flags .facts td{min-width:5.5rem;padding-top:.25rem;padding-bottom:.25rem}
    .flags .facts th{padding-top:.25rem;padding-bottom:.25rem}
    @media (min-width:40rem){.flags .facts td:last-child{min-width:18rem}}
    .flags .cue{color:var(--ink)}
    .flags details{margin:.5rem 0 0}
    .flags summary{margin-bottom:.25rem}

    """

  private static let figures = """
    figure{margin:0}
    figure+figure,.part+.part{margin-top:2.5rem}
    .panels>figure+figure,.sheets>figure+figure{margin-top:0}
    figcaption{margin-top:1rem;max-width:46rem;font-size:.875rem;color:var(--muted)}
    .note{margin-top:1rem;max-width:46rem;font-size:.875rem;color:var(--muted)}
    .panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,19.5rem),1fr));
      gap:1.5rem 1.25rem}
    .panels svg{display:block;width:100%;max-width:27rem;height:auto}
    .legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:.75rem 0 0;padding:0;
      font-size:.8125rem}
    .legend li{display:flex;align-items:center;gap:.5rem;overflow-wrap:anywhere}
    .legend svg{flex:none;overflow:visible}
    .files{margin-top:.5rem;font-size:.8125rem;color:var(--muted)}
    .scope{margin:.75rem 0 0;padding-left:1.25rem;font-size:.9375rem;max-width:46rem}
    svg,svg .label{color:var(--ink)}
    svg .hollow{fill:var(--paper)}
    .maps{border-collapse:separate;border-spacing:6px 4px;font-size:.875rem}
    .maps th{font-weight:500;text-align:left;vertical-align:middle;padding:0 .5rem 0 0}
    .maps thead th,.maps td{text-align:center;padding:0;max-width:8rem;overflow-wrap:anywhere}
    .maps thead th{vertical-align:bottom;font-weight:600;text-align:left}
    .maps td{text-align:left}
    .maps img{display:block;image-rendering:pixelated;background:#fff;
      outline:1px solid var(--rule)}
    .maps tbody tr:first-child>*{padding-top:1rem;border-top:1px solid var(--rule)}
    .maps tbody th[rowspan]{vertical-align:top;position:sticky;left:0;z-index:1;
      background:var(--paper)}
    .maps td .interval{color:var(--muted)}
    .maps th .value{font-weight:650;margin-top:.25rem}
    .maps .wrong{color:var(--warn)}
    .scale svg{display:block;width:100%;max-width:27rem;height:auto}
    .methods{margin:1rem 0;padding-left:1.25rem;font-size:.9375rem}
    .sheets{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,31rem),1fr));
      gap:2rem 1.5rem;margin-bottom:1.5rem}
    .sheet h3{margin-top:0}
    .sheet img{display:block;max-width:100%;height:auto;image-rendering:pixelated}
    .labelled{display:grid;grid-template-columns:fit-content(100%);width:fit-content;max-width:100%;
      font-size:.6875rem;line-height:1.3;color:var(--muted)}
    .labelled.rowed{grid-template-columns:fit-content(9rem) minmax(0,auto);column-gap:.5rem}
    .labelled.rowed>.columns,.labelled.rowed>img{grid-column:2}
    .labelled>.rows,.labelled.rowed>img{grid-row:2}
    .columns{display:grid;grid-template-columns:repeat(var(--count),minmax(0,1fr));
      text-align:center;padding-bottom:.25rem;width:0;min-width:100%;font-size:.5938rem;
      overflow-wrap:anywhere}
    .rows{display:grid;grid-template-rows:repeat(var(--count),minmax(0,1fr));align-items:center;
      overflow-wrap:anywhere}
    @media screen and (prefers-color-scheme:dark){.sheet img,.maps img{filter:brightness(.86)}}

    """

  private static let tables = """
    .scroll{overflow-x:auto;max-width:100%;margin:0 0 1.5rem;padding:2px}
    .cue{display:none;position:sticky;left:0;width:fit-content;font-size:.8125rem;color:var(--muted);
      margin-bottom:.375rem}
    @media (max-width:40rem){.cue{display:block}}
    @media (max-width:60rem){.wider>.cue{display:block}}
    @media (max-width:74rem){.widest>.cue{display:block}}
    .matrix+.files,.scroll+.files,details+.files{margin:-.75rem 0 1.5rem}
    table{border-collapse:collapse;font-size:.9375rem}
    caption{text-align:left;padding-bottom:.75rem;font-size:.875rem;color:var(--muted);
      caption-side:top}
    caption span{display:block;position:sticky;left:0;min-width:17rem;
      max-width:min(40rem,calc(100vw - 2.5rem))}
    caption strong{color:var(--ink);font-weight:650}
    .matrix{border-collapse:separate;border-spacing:3px}
    .matrix th{font-weight:500;font-size:.875rem;padding:.25rem .75rem .25rem 0;text-align:left}
    .matrix thead th{text-align:center;padding:.125rem .25rem;vertical-align:bottom;max-width:7rem;
      overflow-wrap:anywhere}
    .matrix tbody th{position:sticky;left:0;z-index:1;background:var(--paper);min-width:5.25rem;
      max-width:12rem;overflow-wrap:anywhere}
    .matrix thead .span,.matrix thead .corner{color:var(--muted);font-size:.8125rem}
    .matrix thead .corner{text-align:left;padding-left:0;min-width:5.25rem}
    .matrix td{position:relative;min-width:6.25rem;padding:.4375rem .5rem;text-align:center;
      border-radius:.25rem;
      background:color-mix(in srgb,var(--shade) var(--share,0%),var(--raised))}
    .matrix td.own{box-shadow:inset 0 0 0 2px var(--frame)}
    .matrix td.own .value{font-weight:700}
    .matrix.compact{border-spacing:2px}
    .matrix.compact td{min-width:4.625rem;padding:.3125rem .25rem}
    .matrix.compact thead th{max-width:4.625rem;font-size:.8125rem}
    .matrix.compact tbody th{min-width:9rem;max-width:10rem}
    .matrix.compact .value{font-size:.9375rem}
    .matrix.compact .interval{font-size:.6875rem;white-space:normal;overflow-wrap:anywhere}
    .value,.interval{display:block}
    .flag{position:absolute;top:.125rem;right:.3125rem;font-size:.8125rem;line-height:1.3;
      color:inherit;text-decoration:none}
    .value{font-size:1rem;line-height:1.3}
    .interval{font-size:.75rem;line-height:1.35;white-space:nowrap}
    .clean th,.clean td{font-style:italic}
    details{margin:0 0 1.5rem}
    .many details:not([open]){margin-bottom:.5rem}
    .many details:not([open])>summary{margin-bottom:0}
    .many #leaderboard .value,.many #leaderboard .interval{display:inline}
    .many #leaderboard .interval{margin-left:.5rem}
    summary{cursor:pointer;color:var(--link);font-size:.9375rem;margin-bottom:1rem}
    .facts{width:100%}
    .facts th,.facts td{text-align:left;vertical-align:top;padding:.5rem 1rem .5rem 0;
      border-bottom:1px solid var(--rule)}
    .facts th{font-weight:500}
    .facts thead th{font-size:.8125rem;font-weight:600;color:var(--muted)}
    .facts tbody th{min-width:5.5rem;overflow-wrap:anywhere}
    .facts td{overflow-wrap:anywhere;min-width:7rem}

    """

  /// The models' colours on a dark page.
  private static var seriesOnDark: String {
    let rules = Palette.colors.enumerated().map { ".s\($0.offset){color:\($0.element.dark)}" }
    return "@media screen and (prefers-color-scheme:dark){\(rules.joined())}\n"
  }

  /// The rules for print on A4: cells keep their shades, and folded parts are unfolded, except for
  /// those of a run with many models, which would fill dozens of pages.
  private static let print = """
    @page{size:A4;margin:14mm 13mm}
    @media print{
      html{font-size:9pt}
      body{max-width:none;padding:0;print-color-adjust:exact;-webkit-print-color-adjust:exact}
      .summary{display:block}
      .asked{margin-top:1.25rem}
      .findings li{grid-template-columns:5.75rem minmax(0,1fr)}
      .findings .figure{font-size:1.375rem}
      nav,.cue,.files{display:none}
      section{margin-top:1.5rem}
      h2,h3,caption,summary{break-after:avoid}
      .panels{grid-template-columns:repeat(3,minmax(0,1fr));gap:.75rem}
      .panels svg,.findings li,.sheet,tr,.legend,figcaption{break-inside:avoid}
      .sheets{grid-template-columns:repeat(2,minmax(0,1fr));gap:1rem}
      .scroll{overflow:visible;margin-bottom:.75rem}
      .matrix{font-size:.8125rem}
      .matrix td,.matrix.compact td{padding:.125rem .25rem;min-width:0}
      .matrix.compact th,.matrix.compact thead th{font-size:.6875rem}
      .matrix.compact .value{font-size:.75rem}
      .matrix.compact .interval{font-size:.5625rem}
      thead{display:table-header-group}
      details::details-content{content-visibility:visible;block-size:auto}
      summary{color:inherit;list-style:none}
      .many details:not(.attack){display:none}
    }

    """
}
