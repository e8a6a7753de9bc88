"""Cookies of ours: out of reach for scripts and other sites; over HTTPS named `__Host-…`, which browsers take from this
host alone, for the whole host, and send no other way."""

from fastapi import Request, Response

from config.settings import get_settings


def cookie_name(name: str) -> str:
    """The name that the browser knows it by."""
    return f"__Host-{name}" if get_settings().https else name


def read_cookie(request: Request, name: str) -> str | None:
    """What the browser sent; None where it sent none."""
    return request.cookies.get(cookie_name(name))


def set_cookie(response: Response, name: str, value: str, seconds: int) -> None:
    """Have the browser keep it. Lax: a link from elsewhere opens a page signed in, a form from elsewhere does not."""
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=get_settings().https,
    )


def drop_cookie(response: Response, name: str) -> None:
    """Have the browser forget it."""
    response.delete_cookie(cookie_name(name), path="/", httponly=True, samesite="lax", secure=get_settings().https)
