"""Headers every page of the product carries."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers

Handler = Callable[[HttpRequest], HttpResponseBase]


def private_pages(get_response: Handler) -> Handler:
    """Keep pages of signed-in people out of every cache, and pages and parts apart (C-WEB-5)."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        patch_vary_headers(response, ["HX-Request"])
        if request.user.is_authenticated:
            patch_cache_control(response, no_store=True, private=True)
        return response

    return middleware
