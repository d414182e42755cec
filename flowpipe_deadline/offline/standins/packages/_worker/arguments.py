"""From the one string a plugin returns as arguments to the list a process is started with.

Deadline hands the string to .NET, which passes it on as it is on Windows and splits it elsewhere.
"""

from __future__ import annotations

import re
from typing import List

_BACKSLASHES_AND_QUOTE = re.compile(r'(\\+)"')


def split_dotnet(arguments: str) -> List[str]:
    r"""The arguments as .NET splits them: like the C runtime of Windows; a single quote is an ordinary character.

    >>> split_dotnet('-c "two words" \'not one\' C:\\dir\\')
    ['-c', 'two words', "'not", "one'", 'C:\\dir\\']
    """
    found: List[str] = []
    at = 0
    while True:
        while at < len(arguments) and arguments[at] in " \t":
            at += 1
        if at == len(arguments):
            return found
        current: List[str] = []
        quoted = False
        while at < len(arguments) and (quoted or arguments[at] not in " \t"):
            escaped = _BACKSLASHES_AND_QUOTE.match(arguments, at)
            if escaped:
                # Two backslashes before a quote are one; one left over makes the quote a plain letter.
                count = len(escaped.group(1))
                current.append("\\" * (count // 2) + '"' * (count % 2))
                at += count + count % 2
            elif arguments[at] == '"':
                if quoted and arguments.startswith('""', at):
                    current.append('"')
                    at += 1
                else:
                    quoted = not quoted
                at += 1
            else:
                current.append(arguments[at])
                at += 1
        found.append("".join(current))
