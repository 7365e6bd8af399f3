"""Keeping capabilities out of logs."""

import logging
import re

_CAPABILITY = re.compile(r"\b(box|drop)_[A-Za-z0-9_-]{32}")


class _Redacting(logging.Filter):
    """Shortens box ids and drop addresses: whoever reads the log must not be able to use the box."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if _CAPABILITY.search(text):
            record.msg, record.args = _CAPABILITY.sub(r"\1_…", text), ()
        return True


def redact_requests() -> None:
    """httpx logs the URL of every request at level INFO, and what it is built on logs headers at level DEBUG."""
    for name in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy"):
        logging.getLogger(name).addFilter(_Redacting())
