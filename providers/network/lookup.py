"""Name lookup with a time limit, which the system's own does not have."""

from __future__ import annotations

import socket
import threading

from providers.errors import ProviderError, Stage, failure


def system_lookup(host: str, port: int, timeout: float) -> tuple[str, ...]:
    """Give every address of a name, in the system's order.

    Raises:
        ProviderError: dns_not_found or dns_unavailable.
    """
    answer: list[tuple[str, ...]] = []
    problem: list[ProviderError] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
            answer.append(tuple(dict.fromkeys(str(one[4][0]) for one in found)))
        except (OSError, UnicodeError) as error:
            problem.append(lookup_failure(host, error))

    # The thread may outlive the wait: getaddrinfo cannot be interrupted.
    thread = threading.Thread(target=ask, name="name-lookup", daemon=True)
    thread.start()
    thread.join(timeout)
    if problem:
        raise problem[0]
    if not answer or not answer[0]:
        raise failure("dns_unavailable", stage=Stage.NAME_LOOKUP, host=host)
    return answer[0]


def lookup_failure(host: str, error: Exception) -> ProviderError:
    """Tell a name that does not exist from a name server that does not answer."""
    number = error.errno if isinstance(error, socket.gaierror) else None
    missing = {getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)}
    unknown = number in missing or isinstance(error, UnicodeError)
    return failure("dns_not_found" if unknown else "dns_unavailable", stage=Stage.NAME_LOOKUP, host=host)
