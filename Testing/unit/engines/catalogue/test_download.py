import os
import threading

import pytest

from GazeSAMLib.engines.catalogue.download import ATTEMPTS_WITHOUT_PROGRESS, check_address, download
from GazeSAMLib.engines.catalogue.part import Part
from GazeSAMLib.errors import ModelError
from Testing.file_server import serving
from Testing.full_disk import limited_file_size

HALF = 500_000


@pytest.fixture
def part(tmp_path):
    return Part(tmp_path / "weights.pth.part")


class BrokenError(Exception):
    """Something that ends a download from outside, as Ctrl-C does."""


def stop_after(size):
    def report(_what, done, _total):
        if done >= size:
            raise BrokenError

    return report


def test_a_file_arrives_with_progress(part, content):
    told = []
    with serving(content) as server:
        download(server.url, part, progress=lambda *numbers: told.append(numbers))
    assert part.path.read_bytes() == content
    assert told[-1] == ("weights.pth", len(content), len(content))
    assert [done for _, done, _ in told] == sorted({done for _, done, _ in told})


def test_what_was_begun_is_gone_on_with(part, content):
    with serving(content) as server:
        with pytest.raises(BrokenError):
            download(server.url, part, progress=stop_after(HALF))
        begun = part.size_bytes
        assert HALF <= begun < len(content)
        download(server.url, part, size_bytes=len(content))
        assert server.ranges_asked() == [None, f"bytes={begun}-"]
        assert server.asked[1]["If-Range"] == '"first"'
    assert part.path.read_bytes() == content


def test_a_file_that_changed_meanwhile_is_begun_anew(part, content):
    other = content[::-1]
    with serving(content) as server:
        with pytest.raises(BrokenError):
            download(server.url, part, progress=stop_after(HALF))
        server.content, server.tag = other, '"second"'
        download(server.url, part)
    assert part.path.read_bytes() == other


@pytest.mark.parametrize("how", [{"tag": None}, {"tag": 'W/"weak"'}, {"ranges": False}])
def test_a_part_that_may_not_be_continued_is_begun_anew(part, content, how):
    with serving(content, **how) as server:
        with pytest.raises(BrokenError):
            download(server.url, part, progress=stop_after(HALF))
        download(server.url, part)
    assert part.path.read_bytes() == content


def test_a_part_of_another_address_is_not_continued(part, content):
    with serving(content[::-1]) as server, pytest.raises(BrokenError):
        download(server.url, part, progress=stop_after(HALF))
    with serving(content) as server:
        download(server.url, part)
        assert server.ranges_asked() == [None]
    assert part.path.read_bytes() == content


def test_a_part_that_is_whole_is_not_asked_for_again(part, content):
    with serving(content) as server:
        download(server.url, part)
        download(server.url, part)
        assert len(server.asked) == 1


def test_a_part_that_is_longer_than_the_file_is_begun_anew(part, content):
    with serving(content) as server:
        with pytest.raises(BrokenError):
            download(server.url, part, progress=stop_after(HALF))
        with part.path.open("ab") as file:
            file.write(content)
        download(server.url, part)
    assert part.path.read_bytes() == content


def test_a_connection_that_breaks_is_taken_up_again(part, content):
    with serving(content, cut_after=[HALF, 200_000, 1]) as server:
        download(server.url, part, size_bytes=len(content))
        assert server.ranges_asked() == [
            None,
            f"bytes={HALF}-",
            f"bytes={HALF + 200_000}-",
            f"bytes={HALF + 200_001}-",
        ]
    assert part.path.read_bytes() == content


def test_a_connection_that_breaks_again_and_again_is_given_up(part, content):
    with serving(content, cut_after=[HALF, *[0] * 10]) as server:
        with pytest.raises(ModelError, match=r"127\.0\.0\.1 broke.*500 kB are kept"):
            download(server.url, part)
        assert len(server.asked) == 1 + ATTEMPTS_WITHOUT_PROGRESS
    assert part.path.read_bytes() == content[:HALF]


def test_a_server_that_says_nothing_more_is_given_up(part, content):
    with (
        serving(content, stall_after=0) as server,
        pytest.raises(ModelError, match="nothing came for too long"),
    ):
        download(server.url, part, timeout_s=0.1)


def test_redirections_are_followed(part, content):
    with serving(content) as server:
        download(f"{server.address}/elsewhere?to={server.url}", part)
    assert part.path.read_bytes() == content


def test_a_redirection_away_from_https_is_refused(part, content):
    with (
        serving(content) as server,
        pytest.raises(ModelError, match=r"http://example\.org/x is no https address"),
    ):
        download(f"{server.address}/elsewhere?to=http://example.org/x", part)
    assert not part.path.exists()


@pytest.mark.parametrize(
    "url", ["http://example.org/a", "ftp://example.org/a", "file:///etc/passwd", "a"]
)
def test_addresses_that_are_not_https_are_refused(url):
    with pytest.raises(ModelError, match="no https address"):
        check_address(url)


@pytest.mark.parametrize("url", ["https://example.org/a", "http://127.0.0.1:80/a"])
def test_https_and_this_machine_are_asked(url):
    check_address(url)


@pytest.mark.parametrize(
    ("code", "why"), [(404, "not there any more"), (410, "--from FILE"), (503, "try again later")]
)
def test_a_refusal_says_its_code(part, content, code, why):
    with serving(content) as server, pytest.raises(ModelError, match=rf"HTTP {code}") as caught:
        download(f"{server.address}/{code}", part)
    assert why in str(caught.value)


def test_no_network_is_said(part, content):
    with serving(content) as server:
        url = server.url
    with pytest.raises(ModelError, match=r"127\.0\.0\.1 cannot be reached.*refused.*network"):
        download(url, part)


def test_a_server_that_speaks_no_tls_is_not_asked_without(part, content):
    with serving(content) as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises(ModelError, match=r"127\.0\.0\.1 cannot be reached.*SSL"):
            download(url, part)
        assert not server.asked


def test_this_machine_is_asked_without_a_proxy(part, content, monkeypatch):
    with serving(content) as server:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        download(server.url, part)
    assert part.path.read_bytes() == content


def test_another_size_is_refused_before_anything_comes(part, content):
    with (
        serving(content) as server,
        pytest.raises(ModelError, match=f"offers {len(content)} bytes, not the 7 "),
    ):
        download(server.url, part, size_bytes=7)
    assert not part.path.exists()


def test_a_file_that_does_not_fit_on_the_disk_is_refused_before_anything_comes(part, content):
    with (
        serving(content, length=10**18) as server,
        pytest.raises(ModelError, match=r"1000000000\.00 GB are to come.*GAZESAM_CACHE"),
    ):
        download(server.url, part)
    assert not part.path.exists()


def test_a_disk_that_fills_up_keeps_what_has_come(part, content):
    with serving(content) as server:
        with (
            limited_file_size(HALF),
            pytest.raises(ModelError, match=r"could not be written.*500 kB are kept"),
        ):
            download(server.url, part)
        assert part.path.read_bytes() == content[:HALF]
        download(server.url, part)
    assert part.path.read_bytes() == content


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path, content):
    (tmp_path / "locked").mkdir(mode=0o500)
    part = Part(tmp_path / "locked" / "weights.pth.part")
    with serving(content) as server, pytest.raises(ModelError, match=r"locked.*Permission denied"):
        download(server.url, part)


def test_a_server_that_is_slow_but_not_silent_is_waited_for(part, content):
    with serving(content, stall_after=HALF) as server:
        waiting = threading.Thread(
            target=lambda: (server.stalled.wait(10.0), server.go_on.wait(0.3), server.go_on.set())
        )
        waiting.start()
        download(server.url, part, timeout_s=30.0)
        waiting.join()
        assert len(server.asked) == 1
    assert part.path.read_bytes() == content


def test_the_server_is_told_who_asks_and_that_nothing_is_to_be_compressed(part, content):
    with serving(content) as server:
        download(server.url, part)
        assert server.asked[0]["User-Agent"].startswith("GazeSAM/")
        assert server.asked[0]["Accept-Encoding"] == "identity"
