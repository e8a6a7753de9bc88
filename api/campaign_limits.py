"""How many questions one person asks: counted in this process's memory and forgotten, so that no table tells who asked
without a name."""

from datetime import timedelta

from api.throttle import Throttle

QUESTIONS = Throttle(limit=10, window=timedelta(hours=1))
