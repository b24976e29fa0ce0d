"""`segued serve` as a user starts it: in a terminal, into a pipe, a second time."""

import json
import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.end_to_end.running_daemon import running_daemon, write_noise_wav
from tests.end_to_end.segued_runner import SeguedRunner
from tests.end_to_end.terminal_screen import run_in_terminal
from tests.limits import WAIT_SECONDS

CONFIG = """
[flavoring]
sources = []
loudness = false
[page]
port = 0
[watching]
settle_seconds = 0.1
[library]
control_socket = "{socket}"
"""


@pytest.fixture(name="music")
def _music(tmp_path: Path) -> Path:
    """A music folder with a file that is imported, and one that fails."""
    write_noise_wav(tmp_path / "music" / "song.wav", 1)
    (tmp_path / "music" / "broken.mp3").write_bytes(b"not music at all" * 100)
    return tmp_path / "music"


def serve(segued: SeguedRunner, music: Path, config: str = "") -> Sequence[str | bytes]:
    """Return the command line of a daemon with its own library and socket."""
    text = CONFIG.format(socket=segued.home / "control.sock") + config
    options = ("--config", segued.write_config(text), "--database", segued.database)
    return segued.command("serve", "--offline", *options, music)


def read_until(process: subprocess.Popen[bytes], text: str) -> list[str]:
    """Return the lines on standard error up to one that contains a text."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line.decode())
        if text in lines[-1]:
            return lines
    raise EOFError(lines)


def test_a_terminal_shows_the_live_view(segued: SeguedRunner, music: Path) -> None:
    """With the failure above it, once; the page as a link; and how to end it."""
    with run_in_terminal(serve(segued, music), segued.environment()) as screen:
        failure = screen.wait_for(r"\d\d:\d\d:\d\d Failed: [^\n]*")
        screen.wait_for(r"COMPLETED .* 2 of 2 files \(100\.0 %\) .* 1 failed")
        screen.wait_for(r"Page: http://127\.0\.0\.1:\d+/\s+Ctrl-C ends it; seguectl")
        screen.press_ctrl_c()
        rest = screen.wait_for(r"[\s\S]*Stopped\. The same command continues from here")
        code = screen.exit_code()

    assert failure.strip().endswith(
        f"Failed: {music}/broken.mp3: not in a supported audio format (not-audio)"
    )
    assert "Failed: " not in rest
    assert "Imported: " not in rest
    assert code == 0


def test_a_pipe_gets_a_line_for_each_event(segued: SeguedRunner, music: Path) -> None:
    """In plain words, with the date; each failure once."""
    with subprocess.Popen(
        serve(segued, music), env=segued.environment(), stderr=subprocess.PIPE
    ) as process:
        lines = read_until(process, "All files are imported")
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=WAIT_SECONDS)

    times, words = zip(*(line.strip().split(" ", 2)[1:] for line in lines), strict=True)
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d", each) for each in times)
    assert words[0] == "The library is open"
    assert re.fullmatch(r"The page is at http://127\.0\.0\.1:\d+/", words[1])
    assert words[2] == f"Ready; seguectl controls it, at {segued.home}/control.sock"
    assert words[3] == "A session begins"
    # A session whose files are done before its state is looked at again goes from
    # SCANNING to COMPLETED: "Importing" is then not said.
    assert sorted(set(words[4:]) - {"Importing"}) == sorted(
        [
            "Scanning the music folders",
            f"Imported: {music}/song.wav",
            f"Failed: {music}/broken.mp3: not in a supported audio format (not-audio)",
            "All files are imported",
        ]
    )
    assert rest.decode().endswith(" Stopped\n")


def test_json_is_logged_if_configured(segued: SeguedRunner, music: Path) -> None:
    """Also in a terminal, which then shows no live view."""
    command = serve(segued, music, '[logging]\nformat = "json"\n')
    with run_in_terminal(command, segued.environment()) as screen:
        ready = json.loads(screen.wait_for(r'\{[^\n]*"daemon\.ready"[^\n]*\}'))
        screen.wait_for(r'\{[^\n]*"COMPLETED"[^\n]*\}')

    assert ready["socket"] == str(segued.home / "control.sock")


def test_a_second_daemon_says_at_once_which_process_is_the_first(
    segued: SeguedRunner, music: Path, tmp_path: Path
) -> None:
    """Of the same library, and on the same control socket."""
    with running_daemon(segued, music) as daemon:
        status = daemon.status()
        config = segued.write_config(
            f'[library]\ncontrol_socket = "{daemon.client.path}"\n'
        )
        same_library = segued.run("serve", "--database", segued.database, music)
        imported = segued.run("import", "--database", segued.database, music)
        same_socket = segued.run(
            "serve", "--config", config, "--database", tmp_path / "other.db", music
        )

    process = status["process"]
    in_use = (
        f"segued: {segued.database}: another segued is using this library"
        f" (process {process})\n"
    )
    assert (same_library.code, same_library.err) == (3, in_use)
    assert (imported.code, imported.err) == (3, in_use)
    assert same_socket.code == 3
    assert same_socket.err == (
        f"segued: {daemon.client.path}: another daemon is running (process {process},"
        f" library {segued.database}); a second one needs a control_socket of its own\n"
    )
    assert not (tmp_path / "other.db").exists()
