"""What is known of a published model before its file is here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Prompt(StrEnum):
    """What a model can be told of the structure that is wanted."""

    POINTS = "points"
    BOX = "box"
    MASK = "mask"


ALL_PROMPTS = (Prompt.POINTS, Prompt.BOX, Prompt.MASK)


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model: an engine, and the file of weights that it is made with.

    Attributes
    ----------
    name : str
        As on the command line.
    title : str
        As its authors write it.
    engine : str
        Name of the engine that runs it.
    good_for : str
        One line for people.
    file_name : str
        What its publisher calls the file.
    size_bytes : int
        Of the file; to the byte where `size_is_exact`.
    parameters : int
        Rounded.
    input_px : int
        Side of the square that the image encoder sees.
    memory_bytes : int
        What the engine's process needs with it on a processor, about.
    licence : str
        SPDX name; of the weights.
    page : str
        Where its authors describe it and offer the file.
    url : str
        The file itself; empty where a person has to fetch it from `page`.
    digests : mapping of str to str
        By algorithm (``md5``, ``sha256``, ``git-blob``); all of them must be the file's. Empty
        where nobody published one: then the first file that came is remembered.
    prompts : tuple of Prompt
        What it takes.
    options : mapping of str to str
        What the engine has to be told besides the file.
    size_is_exact : bool
        Whether a file of another size is certainly another file.
    """

    name: str
    title: str
    engine: str
    good_for: str
    file_name: str
    size_bytes: int
    parameters: int
    input_px: int
    memory_bytes: int
    licence: str
    page: str
    url: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)
    prompts: tuple[Prompt, ...] = ALL_PROMPTS
    options: Mapping[str, str] = field(default_factory=dict)
    size_is_exact: bool = True

    @property
    def pull_command(self) -> str:
        """What to type to get its file here."""
        return f"gazesam models pull {self.name}"
