"""Bringing one large file over HTTP, going on where an earlier attempt ended.

What has come lies in a file ending in ``.part``; beside it stands which version of the file
it is a part of, so that a part is only continued with bytes of the same version (RFC 9110,
section 13.1.5: ``If-Range``).
"""

import http.client
import re
import shutil
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from GazeSAMLib import __version__
from GazeSAMLib.engines.catalogue.digests import Progress, silent
from GazeSAMLib.engines.catalogue.part import Part
from GazeSAMLib.engines.catalogue.record import write_json
from GazeSAMLib.engines.catalogue.sizes import told_size
from GazeSAMLib.errors import ModelError

TIMEOUT_S = 30.0
ATTEMPTS_WITHOUT_PROGRESS = 3
"""How often in a row a connection may break before a single byte has come."""

_CHUNK = 1 << 18
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SPARE_BYTES = 50 * 10**6
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)$")


class CutOffError(Exception):
    """The connection ended before the file did."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *told: Any) -> urllib.request.Request | None:  # noqa: ANN401 - as the base class has it
        check_address(told[-1])
        return super().redirect_request(*told)


def check_address(url: str) -> None:
    """Refuse an address that anyone on the way could answer for.

    Raises
    ------
    ModelError
        If it is not HTTPS, and not this machine either.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ModelError(f"{url} is no https address: nothing is downloaded from it")


def download(
    url: str,
    part: Part,
    *,
    size_bytes: int | None = None,
    timeout_s: float = TIMEOUT_S,
    progress: Progress = silent,
) -> None:
    """Bring a file into `part`, going on where an earlier call ended.

    Whatever ends it early (Ctrl-C too) leaves what has come, for the next call.

    Parameters
    ----------
    url : str
        Of the file; redirections are followed.
    part : Part
        Where to; its folder is there.
    size_bytes : int or None
        The file's size, where it is known for certain.
    timeout_s : float
        How long nothing may come.
    progress : Progress
        Called as bytes come.

    Raises
    ------
    ModelError
        If it cannot be had: no network, refused, not there, another size, cut off again and
        again, or the disk is full.
    """
    check_address(url)
    if part.is_all_of(url):
        return
    host = urllib.parse.urlsplit(url).hostname
    broken = 0
    while broken < ATTEMPTS_WITHOUT_PROGRESS:
        before = part.size_bytes
        try:
            _attempt(url, part, size_bytes, timeout_s, progress)
        except urllib.error.HTTPError as error:
            raise ModelError(f"{_refusal(url, error)}{_kept(part)}") from error
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                raise ModelError(
                    f"{host} does not prove who it is ({error.reason.verify_message}): where a "
                    "proxy stands between, let SSL_CERT_FILE name its certificates"
                ) from error
            raise ModelError(
                f"{host} cannot be reached ({_reason(error.reason)}): check the network"
                f"{_kept(part)}; without a network, see `gazesam models pull --help`"
            ) from error
        except (CutOffError, http.client.HTTPException, OSError) as error:
            if isinstance(error, OSError) and error.filename is not None:
                raise  # of the disk, not of the network
            broken = 0 if part.size_bytes > before else broken + 1
            last = error
        else:
            return
    raise ModelError(f"the connection to {host} broke ({_reason(last)}){_kept(part)}") from last


def _attempt(
    url: str, part: Part, size_bytes: int | None, timeout_s: float, progress: Progress
) -> None:
    request = urllib.request.Request(
        url,
        headers={"User-Agent": f"GazeSAM/{__version__}", "Accept-Encoding": "identity"},
    )
    version = part.version_of(url)
    begun = part.size_bytes if version else 0
    if begun:
        request.add_header("Range", f"bytes={begun}-")
        request.add_header("If-Range", version)
    handlers: list[Any] = [_Redirects]
    if urllib.parse.urlsplit(url).hostname in _LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))  # no proxy knows the way to this machine
    opener = urllib.request.build_opener(*handlers)
    try:
        response = opener.open(request, timeout=timeout_s)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not begun:
            raise
        part.forget()  # longer than the file: it is not a part of it
        raise CutOffError("the part that was here belongs to another file") from error
    with response:
        begun, total = _what_comes(response, begun)
        if size_bytes is not None and total not in (None, size_bytes):
            raise ModelError(
                f"{url} offers {total} bytes, not the {size_bytes} that the model has: it is "
                "another file, or a page in its place; nothing was downloaded"
            )
        total = size_bytes if total is None else total
        if not begun:
            part.forget()
        _check_space(part, (total or 0) - begun)
        with _disk(part):
            write_json(part.facts_path, {"url": url, "version": _version(response), "size": total})
        _take_in(response, part, begun, total, progress)


def _what_comes(response: Any, begun: int) -> tuple[int, int | None]:  # noqa: ANN401 - of urllib
    """Return from which byte on the file comes, and its whole size if the server says so."""
    if response.status == http.HTTPStatus.PARTIAL_CONTENT:
        told = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
        if told is None or int(told[1]) != begun:
            raise ModelError(f"{response.url} sent another part of the file than was asked for")
        return begun, int(told[2])
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _version(response: Any) -> str:  # noqa: ANN401 - of urllib
    """Return what names this version of the file for ``If-Range``; empty if nothing may."""
    tag = str(response.headers.get("ETag", ""))  # weak ones (W/"...") are not allowed there
    return tag if tag.startswith('"') else str(response.headers.get("Last-Modified", ""))


def _check_space(part: Part, to_come: int) -> None:
    free = shutil.disk_usage(part.path.parent).free
    if free < to_come + _SPARE_BYTES:
        raise ModelError(
            f"{told_size(to_come)} are to come and {part.path.parent} has {told_size(free)} left: "
            "free some space, or let GAZESAM_CACHE name a folder on another disk"
        )


def _take_in(
    response: Any,  # noqa: ANN401 - of urllib
    part: Part,
    begun: int,
    total: int | None,
    progress: Progress,
) -> None:
    done = begun
    what = part.path.name.removesuffix(".part")
    # Unbuffered: what has come is in the file, however this ends.
    with part.path.open("ab", buffering=0) as file:
        while chunk := response.read1(_CHUNK):
            rest = memoryview(chunk)
            with _disk(part):
                while rest:
                    rest = rest[file.write(rest) :]
            done += len(chunk)
            progress(what, done, total or done)
    if total is not None and done < total:
        raise CutOffError("it ended too early")
    if total is not None and done > total:
        part.forget()
        raise ModelError(f"{response.url} sent more than the {total} bytes of the file")


@contextmanager
def _disk(part: Part) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ModelError(
            f"{part.path} could not be written ({error.strerror or error}){_kept(part)}: free "
            "some space, or let GAZESAM_CACHE name a folder on another disk"
        ) from error


def _refusal(url: str, error: urllib.error.HTTPError) -> str:
    if error.code in (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.GONE):
        return (
            f"{url} is not there any more (HTTP {error.code}): get the file by other means and "
            "bring it in with --from FILE"
        )
    return f"{url} was refused (HTTP {error.code} {error.reason}): try again later"


def _kept(part: Part) -> str:
    size = part.size_bytes
    if not size:
        return ""
    return f"; {told_size(size)} are kept, and the same command goes on from there"


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "nothing came for too long"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
