"""``python -m Testing.fuzz SECONDS [TARGET ...]``: coverage-guided fuzzing of the parsers of gaze.

It needs ``atheris`` (an environment of its own with atheris, numpy and msgpack is enough). Each
target runs in a process, because libFuzzer ends it; what it says of runs and coverage is printed,
and the first input that fails is kept in the working directory.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

CHILD = "--one"


def main(arguments: list[str]) -> int:
    if arguments[:1] == [CHILD]:
        return run_one(arguments[1], arguments[2], arguments[3])
    seconds = int(arguments[0]) if arguments else 60
    from Testing.fuzz.targets import targets

    failed = []
    for name in arguments[1:] or targets():
        with tempfile.TemporaryDirectory() as corpus:
            for number, example in enumerate(targets()[name].examples):
                Path(corpus, f"example{number}").write_bytes(example)
            done = subprocess.run(
                [sys.executable, "-m", "Testing.fuzz", CHILD, name, corpus, str(seconds)],
                capture_output=True, text=True, errors="replace", check=False,
            )  # fmt: skip
        runs = re.findall(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
        coverage = re.findall(r"cov: (\d+) ft: (\d+)", done.stderr)
        told = f"coverage {coverage[-1][0]}, features {coverage[-1][1]}" if coverage else ""
        print(f"{name}: {runs[-1] if runs else '?'} runs, {told}, exit {done.returncode}")
        if done.returncode != 0:
            failed.append(name)
            print(done.stderr[-4000:])
    return 1 if failed else 0


def run_one(name: str, corpus: str, seconds: str) -> int:
    import atheris

    with atheris.instrument_imports(include=["GazeSAMLib"]):
        from Testing.fuzz.targets import targets
    target = targets()[name]
    words = Path(corpus).with_suffix(".words")
    words.write_text("".join(f'"{_escaped(word[:60])}"\n' for word in target.words))

    def test_one(data: bytes) -> None:
        target.run(data)

    atheris.Setup(
        [name, f"-max_total_time={seconds}", f"-dict={words}", "-max_len=16384", "-timeout=20",
         "-print_final_stats=1", "-rss_limit_mb=2048", corpus],
        test_one,
    )  # fmt: skip
    atheris.Fuzz()
    return 0


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
