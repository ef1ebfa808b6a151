"""Numbers of bytes for people."""


def told_size(count: int) -> str:
    """Return a number of bytes as publishers of models write it: 375 MB, 2.56 GB."""
    if count >= 10**9:
        return f"{count / 1e9:.2f} GB"
    if count >= 10**7:
        return f"{count / 1e6:.0f} MB"
    if count >= 10**6:
        return f"{count / 1e6:.1f} MB"
    return f"{count / 1e3:.0f} kB" if count >= 1000 else f"{count} bytes"
