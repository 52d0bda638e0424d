"""How the command is run: its documents, its failures, its progress and its libraries."""

import contextlib
import io
import os
import pathlib
import pickle
import pty
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from crossfire import CrossfireError, Share, _build, _command, _errors, _libraries

from .support import program


class CommandTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_program(self, text, progress=False):
        with mock.patch.dict(os.environ, CROSSFIRE_COMMAND=program(self.folder, text)):
            return _command.run(["transfer"], progress)

    def test_the_document_is_what_the_command_writes(self):
        self.assertEqual(
            self.run_program("""echo "{\\"arguments\\": \\"$*\\"}" """)["arguments"],
            "transfer --json --quiet",
        )

    def test_a_failure_has_the_message_the_hint_and_the_status(self):
        text = """
            echo 'warning: something else' >&2
            echo 'crossfire: a has 10 classes, b has 12' >&2
            echo '  hint: use a model of these' >&2
            exit 65
            """
        with self.assertRaises(CrossfireError) as caught:
            self.run_program(text)
        self.assertEqual(caught.exception.message, "a has 10 classes, b has 12")
        self.assertEqual(caught.exception.hint, "use a model of these")
        self.assertEqual(caught.exception.status, 65)
        self.assertIn("hint: use a model of these", str(caught.exception))
        copy = pickle.loads(pickle.dumps(caught.exception))
        self.assertEqual((copy.hint, copy.status), ("use a model of these", 65))

    def test_wrong_use_is_told_without_the_usage(self):
        error = _errors.parsed("Error: Unknown option '--x'\nUsage: crossfire\n  See help\n", 64)
        self.assertEqual((error.message, error.hint), ("Unknown option '--x'", None))

    def test_a_signal_is_named(self):
        with self.assertRaises(CrossfireError) as caught:
            self.run_program("kill -9 $$")
        self.assertIn("signal 9", caught.exception.message)
        self.assertIn("memory", caught.exception.hint)

    def test_progress_is_passed_on_and_a_redrawn_line_is_no_message(self):
        text = """
            printf '\\r\\033[Kfgsm 50%%' >&2
            printf '\\r\\033[Kfgsm: done\\n' >&2
            printf '\\r\\033[Kpgd 10%%\\r\\033[Kcrossfire: it broke\\n  hint: mend it\\n' >&2
            exit 1
            """
        shown = io.StringIO()
        with contextlib.redirect_stderr(shown), self.assertRaises(CrossfireError) as caught:
            self.run_program(text, progress=True)
        self.assertIn("fgsm: done", shown.getvalue())
        self.assertNotIn("it broke", shown.getvalue())
        self.assertEqual(caught.exception.message, "it broke")
        self.assertEqual(caught.exception.hint, "mend it")

    def test_nothing_is_shown_without_progress(self):
        shown = io.StringIO()
        with contextlib.redirect_stderr(shown):
            self.run_program("echo words >&2; echo '{}'")
        self.assertEqual(shown.getvalue(), "")

    def test_the_command_has_a_terminal_exactly_where_python_has_one(self):
        path = program(self.folder, "if [ -t 2 ]; then echo '\"bar\"'; else echo '\"lines\"'; fi")
        code = "from crossfire import _command; print(_command.run([]))"
        environment = dict(os.environ, CROSSFIRE_COMMAND=path)
        environment["PYTHONPATH"] = str(pathlib.Path(_command.__file__).parents[1])
        ours, theirs = pty.openpty()
        for errors, expected in ((theirs, "bar"), (subprocess.DEVNULL, "lines")):
            words = [sys.executable, "-c", code]
            result = subprocess.run(words, env=environment, stderr=errors, stdout=-1, text=True)
            self.assertEqual(result.stdout.strip(), expected)
        os.close(ours), os.close(theirs)

    def test_an_interruption_ends_the_command_first(self):
        # The handler is set even where the caller of the tests ignores interruptions.
        code = self.folder / "interrupted.py"
        code.write_text(
            "import pathlib, signal, sys, time\n"
            "def end(*_):\n"
            f"    pathlib.Path({str(self.folder / 'trace')!r}).write_text('ended\\n')\n"
            "    sys.exit(130)\n"
            "signal.signal(signal.SIGINT, end)\n"
            "print('started', file=sys.stderr, flush=True)\n"
            "time.sleep(60)\n"
        )
        text = f"exec {sys.executable} {code}"

        class Interrupting(io.StringIO):
            def write(self, text):
                raise KeyboardInterrupt

        with contextlib.redirect_stderr(Interrupting()), self.assertRaises(KeyboardInterrupt):
            self.run_program(text, progress=True)
        self.assertEqual((self.folder / "trace").read_text(), "ended\n")


class LibraryTests(unittest.TestCase):
    """A wheel for PyTorch 2.13 with PyTorch of several kinds beside it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        package = self.folder / "crossfire"
        (package / "command").mkdir(parents=True)
        (package / "command" / "crossfire").touch()
        environment = {k: v for k, v in os.environ.items() if k != "CROSSFIRE_COMMAND"}
        for patch in (
            mock.patch.object(_build, "TORCH", "2.13.0"),
            mock.patch.object(_libraries, "__file__", str(package / "_libraries.py")),
            mock.patch.dict(os.environ, environment, clear=True),
            mock.patch.dict(sys.modules),
            mock.patch.object(sys, "path", [str(self.folder / "site")]),
        ):
            patch.start()
            self.addCleanup(patch.stop)
        for name in [n for n in sys.modules if n.partition(".")[0] == "torch"]:
            del sys.modules[name]

    def install(self, version):
        torch = self.folder / "site" / "torch"
        (torch / "lib").mkdir(parents=True)
        (torch / "__init__.py").touch()
        (torch / "lib" / "libtorch_cpu.so").touch()
        (torch / "version.py").write_text(f"__version__ = '{version}'\n")
        return torch

    def test_the_libraries_of_the_pytorch_beside_it_come_first(self):
        torch = self.install("2.13.1+cu130")
        os.environ["LD_LIBRARY_PATH"] = "/elsewhere"
        path, environment = _libraries.command()
        self.assertEqual(path, str(self.folder.resolve() / "crossfire/command/crossfire"))
        self.assertEqual(environment["LD_LIBRARY_PATH"], f"{torch}/lib:/elsewhere")

    def test_cuda_in_another_folder_of_packages_is_found(self):
        torch = self.install("2.13.0+cu130")
        other = self.folder.resolve() / "other"
        for place in (other, torch.parent):
            (place / "nvidia" / "cublas" / "lib").mkdir(parents=True)
        sys.path.append(str(other))
        folders = _libraries.command()[1]["LD_LIBRARY_PATH"].split(":")
        # PyTorch finds what is beside it by itself.
        self.assertEqual(folders, [f"{torch}/lib", f"{other}/nvidia/cublas/lib"])

    def assert_advice(self, *parts):
        with self.assertRaises(CrossfireError) as caught:
            _libraries.command()
        for part in parts:
            self.assertIn(part, str(caught.exception))
        self.assertEqual(caught.exception.status, 69)

    def test_another_version_is_one_error_that_says_what_to_install(self):
        torch = self.install("2.12.0+cpu")
        self.assert_advice(
            "built for PyTorch 2.13, found PyTorch 2.12.0+cpu",
            "pip install 'torch==2.13.*'",
            f"LIBTORCH={torch} make wheel",
        )

    def test_a_missing_pytorch_is_one_error_that_says_what_to_install(self):
        self.assert_advice("which", "cannot import", "pip install 'torch==2.13.*'")

    def test_a_pytorch_without_its_library_is_told(self):
        (self.install("2.13.0") / "lib" / "libtorch_cpu.so").unlink()
        self.assert_advice("libtorch_cpu.so", "pip install")

    def test_the_repository_without_a_command_says_how_to_get_one(self):
        with mock.patch.object(_build, "TORCH", None):
            self.assert_advice("has no command", "make wheel", "CROSSFIRE_COMMAND")


class ShareTests(unittest.TestCase):
    def test_a_share_is_a_number_that_tells_what_it_rests_on(self):
        share = Share(21, 64, 0.2257, 0.45)
        self.assertEqual(share, 21 / 64)
        self.assertEqual(repr(share), "0.3281 (21 of 64 images; 95 % interval 0.226 to 0.450)")
        self.assertEqual(repr(pickle.loads(pickle.dumps(share))), repr(share))
