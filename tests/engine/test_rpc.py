"""What the service answers to requests that no client of ours sends."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def ask(lines: list[bytes], home: Path) -> list[dict[str, Any]]:
    """Speaks raw lines to a service; its answers until it ends."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "engine.service"],
        input=b"\n".join(lines) + b"\n",
        capture_output=True,
        timeout=60,
        check=False,
        env={"PANTOUM_HOME": str(home), "PATH": ""},
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_broken_requests_are_answered_with_the_codes_of_json_rpc(tmp_path: Path) -> None:
    answers = ask(
        [
            b"{nonsense",
            b"[1, 2]",
            b'{"id": 1, "method": "hello"}',
            b'{"jsonrpc": "2.0", "id": 2, "method": "dance"}',
            b'{"jsonrpc": "2.0", "id": 3, "method": "set_dials", "params": {"stream": "x"}}',
            b'{"jsonrpc": "2.0", "method": "hello"}',
            b"\xff\xfe",
            b'{"jsonrpc": "2.0", "id": "last", "method": "shutdown"}',
            b'{"jsonrpc": "2.0", "id": "never", "method": "hello"}',
        ],
        tmp_path,
    )
    assert [(a["id"], a.get("error", {}).get("code")) for a in answers] == [
        (None, -32700),
        (None, -32600),
        (1, -32600),
        (2, -32601),
        (3, -32602),
        (None, -32700),
        ("last", None),
    ]


def test_what_was_asked_before_the_end_is_answered(tmp_path: Path) -> None:
    hello, end = b'{"jsonrpc": "2.0", "id": 1, "method": "hello"}', b'{"jsonrpc": "2.0", "id": 2, "method": "shutdown"}'
    assert {answer["id"] for answer in ask([hello, end], tmp_path)} == {1, 2}
    assert {answer["id"] for answer in ask([hello], tmp_path)} == {1}


def test_the_service_ends_when_its_app_goes(tmp_path: Path) -> None:
    assert ask([], tmp_path) == []
