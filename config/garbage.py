"""Imported first by each process: garbage is looked for less often than Python would.

Loading makes hundreds of thousands of objects that stay. Python looks through the young ones after each 700 and
again and again through all of them; that was a fifth of the time a process takes to start.
"""

import gc

gc.set_threshold(10_000, 20, 20)
