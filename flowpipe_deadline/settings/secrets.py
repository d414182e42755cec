"""What looks like a secret, by the name of a variable and by the shape of its value.

It is a guess in both directions: names say little where anybody chooses them, and a short password looks like a word.
What a pipeline needs comes first, and is left alone: paths, versions, names of shows, hashes, licence servers.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

_NO_SECRETS = ("", "0", "1", "true", "false", "yes", "no", "on", "off", "none", "null")
_LAST_SMALL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")  # dbPassword is DB_PASSWORD.
# fmt: off
# Words of names that only sound alike. They are taken out before the secret ones are looked for.
_ALIKE = re.compile(
    r"BYPASS|COMPASS|MULTI_?PASS|PASS_(NAME|LIST|INDEX|TYPE|COUNT)"
    r"|(RENDER|BEAUTY|LIGHT(ING)?|SHADOW|MATTE|COMP|AOV|DEPTH|UTILITY|SPECULAR|DIFFUSE|FIRST|LAST)_?PASS"
    r"|HOT_?KEY|MONKEY|DONKEY|TURKEY|KEY_?(FRAME|MAP|BOARD|WORD|LIGHT|POSE|ER(?![A-Z]))"
    r"|(CHROMA|LUMA|COLOU?R|GREEN|BLUE|IMAGE|SHAPE|ANIM|SHOT|ASSET|TASK|PROJECT|SORT|CACHE|PRIMARY|FOREIGN)_?KEY"
    r"|AUTHOR(S|ED|ING|ITY)?(?![A-Z])|TOKENI[SZ]|SECRETARY"
)
_SECRET_NAME = re.compile(
    r"PASSWORD|PASSWORT|KENNWORT|MOT_?DE_?PASSE|PASSWD|PASSPHRASE|PASSCODE|PASSFILE|SECRET|TOKEN|CREDENTIAL"
    r"|COOKIE|AUTH|BEARER|PRIVATE(?!ER)|WEB_?HOOK|SESSION_?ID|CONN(ECTION)?_?STR(ING)?(?![A-Z])"
    r"|(PASS|PWD)S?(?![A-Z])|(?<![A-Z])(CREDS?|PW|PATS?|JWT|T?OTP|PSK|HMAC)(?![A-Z])"  # SSHPASS, and not PASSENGER.
    r"|((?<![A-Z])|API|ACCESS|ACCOUNT|APP|AUTH|CLIENT|DEPLOY|ENCRYPT(ION)?|HOST|LICEN[CS]E|MASTER|PASS|PRIVATE|SECRET"
    r"|SERVER|SERVICE|SHARED|SIGN(ING)?|SSH|SSL|TLS)"
    r"KEY(S|FILE|STORE|RING|TAB|CHAIN)?(_(ID|FILE|PEM|DATA|VALUE|B64|BASE64|BASE|LIVE|TEST|PROD|DEV))?[_0-9]*$"
)
# Where a name ends so, and the value fits, the variable is about a secret and is none: AUTH_URL, TOKEN_TTL.
_ABOUT_SECRETS = (
    (r"ROOT|BASE|DIRS?|HOME|PATHS?|LOCATION|FOLDER", r"[/~$\\{]|[A-Za-z]:[\\/]|\.{1,2}[\\/]"),
    (r"VERSION", r"v?[0-9]{1,6}(?:[._+-]?[A-Za-z0-9]{1,8}){0,6}$"),
    (r"(?<!HOOK_)(URL|URI|ENDPOINT|HOST|HOSTNAME|SERVER)", r"[A-Za-z][\w+.-]{0,100}(:|$)"),
    (r"PORT|TTL|TIMEOUT|EXPIRY|EXPIRES|LENGTH|COUNT|LIMIT", r"[0-9]{1,6}\w?$"),
    (r"NAME|TYPE|METHOD|MODE|BACKEND|PROVIDER", r"[A-Za-z_ -]{1,30}$"),
)
_ABOUT_SECRET = tuple((re.compile(f"_({end})$"), re.compile(value)) for end, value in _ABOUT_SECRETS)
_OF_LICENCES = re.compile(r"LICEN[CS]E|(?<![A-Z])LIC(?![A-Z])|LM_|LMINFO|FLEX")
_OF_USERS = re.compile(r"(?<![A-Z])(USER|LOGIN|ACCOUNT|BASIC|SMTP|FTP|SFTP|PROXY|REGISTRY)(?![A-Z])")
# What looks random under these names is a hash, or the number of something.
_OF_HASHES = re.compile(
    r"HASH|CHECKSUM|DIGEST|FINGERPRINT|COMMIT|REVISION|UUID|GUID|(?<![A-Z])(SHA\d*|MD5|CRC|ETAG|REV|REF|IDS?|GIT|BUILD"
    r"|VARIANT|VERSION|CHANGE(SET|LIST)?)(?![A-Z])"
)
_NAMED = r"(pass(word|wd|phrase)|pwd|secret|token|(api|access|account|private|shared)[_-]?key)"
# Each quantifier has a limit, so that a long value of nearly the shape takes no long time.
_SECRET_SHAPES = (
    # URLs with a password, which is no port. Who is alone there is a user, unless he looks like a token.
    r"://[^\s/@:?#\"']{0,256}:(?!\d{1,5}[/?#,;:])[^\s\"'<>]{1,256}?@",
    r"https?://([^\s/@:,;]{20,200}|(?=[^\s/@:]{0,80}\d)(?=[^\s/@:]{0,80}[A-Za-z])[^\s/@:,;]{12,200})@",
    r"rediss?://[^\s/@:,;]{1,200}@",
    r"^(?!(?i:mailto|urn|sip):)[\w.+%-]{1,64}:[^\s/\\@:][^\s@]{0,200}@[A-Za-z][\w.-]{0,200}(:\d{1,5})?(/\S{0,99})?$",
    r"(?i:jdbc:oracle:\w{1,10}:)[^\s/@]{1,64}/[^\s@]{1,64}@",
    # Signed URLs.
    r"(?i:[?&]X-(Amz|Goog)-(Signature|Credential|Security-Token)=)",
    r"(?i:[?&](sig|signature|s3sig|hmac|access_token|auth|key|code)=)(?=[^\s&]{0,200}[0-9%+/=_-])[^\s&]{12}",
    r"[?&]s[ep]=[^\s?]{1,300}&s[epr]=",
    # Webhooks: who knows one may call it.
    r"(?i:hooks\.(slack(-gov)?|zapier)\.com/|hook\.\w{1,9}\.make\.com/|maker\.ifttt\.com/|api\.telegram\.org/bot)",
    r"(?i:webhook\.office\.com/|office\.com/webhook/|logic\.azure\.com[:/]|chat\.googleapis\.com/v1/spaces/)",
    r"(?i:discord(app)?\.com/api/(v\d{1,2}/)?webhooks/)",
    r"(?i:https?://[^\s?]{1,120}/(web)?hooks?/[\w./-]{0,80}?(?=[a-z-]{0,60}\d)(?=[\d-]{0,60}[a-z])[a-z\d-]{16})",
    # Connection strings, settings, JSON and command lines that name a password.
    rf"(?i:{_NAMED}[\"']?\s{{0,3}}(=|%3D|:(?=[\"'\s]))\s{{0,3}}[\"']?(?!(true|false|none|null|[01])\b)[^\s\"'&;,)}}])",
    r"(?i:\b(user|uid|login)\s?=[^;&]{1,80}[;&]\s?pass\s?=\s?[^\s;])",
    r"(?i:--(password|passwd|token|secret|api-key)\s{1,3}[^\s-])",
    r"(^|\s)(-u|--user)[ =][^\s:]{1,64}:[^\s:/]",
    r"(?i:\blogin\s{1,3}\S{1,64}\s{1,3}password\s{1,3}\S)",
    # Headers.
    r"(?i:\bauthorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?\w{4})",
    r"(?i:\bbearer\s{1,3}(?=[\w.~+/=-]{0,40}[0-9.])[\w.~+/=-]{12})",
    # Tokens of known makers by how they begin, and keys; most others look random.
    r"\b(gh[opusr]_|github_pat_|gl(pat|dt|rt|ptt|soat|cbt|sa|c)[-_]|xox[a-z]-|xapp-|shp(at|ss|ca|pa)_|pypi-Ag)[\w-]{8}",
    r"\b([srp]k_(live|test)_|whsec_|npm_|hf_|SG\.|hv[sbr]\.|ya29\.|GOCSPX-|AIza|sk-(?=[a-z-]{0,9}\w{0,40}\d))[\w-]{8}",
    r"\b(A[KS]IA[A-Z\d]{16}\b|dapi[\da-f]{32})",
    r"\beyJ[\w-]{8,2000}\.[\w-]{8}|-----BEGIN |AGE-SECRET-KEY-1|AccountKey=",
)
# fmt: on
_SECRET_VALUE = re.compile("|".join(f"(?:{shape})" for shape in _SECRET_SHAPES))
_LICENCE_SERVER = re.compile(r":\d{1,5}@")
_PAIR = re.compile(r"[\w.+\\-]{1,64}:(?!\d{1,5}$)[^\s:/\\]{3,200}$")
_ODD_PAIR = re.compile(
    r"[\w.+-]{1,64}:(?=\S{0,64}[A-Za-z0-9])(?=\S{0,64}([!^~]|%(?![0-9]*[dsVv])|\$(?![A-Za-z_{(])))[^\s:/\\]{6,64}$"
)
_PATH = re.compile(r"[A-Za-z]:[\\/]|[/\\~.$]|\S*[;:][A-Za-z]?:?[\\/](?!/)")
_OF_DIGEST = re.compile(r"sha(1|256|384|512)[:-][A-Za-z0-9+/=]+", re.IGNORECASE)
_UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_RANDOM_PIECE = re.compile(r"(?<![\w/.-])[A-Za-z0-9+/]{40}(?![\w/.-])|[A-Za-z0-9+]{16,}")
_LONG_HEX = re.compile(r"(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{32,}|(?=[0-9]*[A-F])(?=[A-F]*[0-9])[0-9A-F]{32,}")
_GIT_HASH = 40  # Digits.


@lru_cache(maxsize=4096)
def looks_secret(name: str, value: str) -> bool:
    """Whether a variable looks like a secret, by its name or by its value.

    >>> looks_secret("DB_PASS", "x"), looks_secret("SHOW_DB", "redis://:x@cache/1"), looks_secret("SHOW", "/jobs/show")
    (True, True, False)
    """
    if value.strip().lower() in _NO_SECRETS:
        return False
    upper = _LAST_SMALL.sub("_", name).upper()
    return _is_secret_name(upper, value) or _is_secret_value(upper, value)


def without_secret(variable: str) -> str:
    """``NAME=VALUE`` for people: a value that looks like a secret becomes ``***``.

    >>> without_secret("SHOW=x"), without_secret("DB_PASS=x")
    ('SHOW=x', 'DB_PASS=***')
    """
    name, _, value = variable.partition("=")
    return f"{name}=***" if looks_secret(name, value) else variable


def _is_secret_name(upper: str, value: str) -> bool:
    if not _SECRET_NAME.search(_ALIKE.sub("", upper)):
        return False
    return not any(end.search(upper) and fitting.match(value) for end, fitting in _ABOUT_SECRET)


def _is_secret_value(upper: str, value: str) -> bool:
    if _OF_LICENCES.search(upper):
        value = _LICENCE_SERVER.sub(",", value)
    if _SECRET_VALUE.search(value) or _ODD_PAIR.match(value):
        return True
    if _OF_USERS.search(upper) and _PAIR.match(value):
        return True
    if _OF_HASHES.search(upper) or _PATH.match(value):
        return False
    return any(map(_is_random, _RANDOM_PIECE.findall(_UUID.sub("", _OF_DIGEST.sub("", value)))))


def _is_random(piece: str) -> bool:
    """Whether letters and digits alternate as chance has it; a hash of Git is no secret.

    >>> _is_random("3fK9xQ2LmZ8pR4tV7wYb"), _is_random("LightingSupervisor2026"), _is_random("sq010sh0040lighting")
    (True, False, False)
    """
    if _LONG_HEX.fullmatch(piece):
        return len(piece) != _GIT_HASH
    kinds = ["a" if one.islower() else "A" if one.isupper() else "0" for one in piece]
    changes = sum(one != other for one, other in itertools.pairwise(kinds)) / (len(kinds) - 1)
    if len(set(kinds)) == 3:
        return changes >= 0.45
    return "0" in kinds and len(piece) >= 24 and changes >= 0.36
