"""The garbage collector of a process that has loaded the knowledge and goes on to read records."""

from __future__ import annotations

import gc

#: Between two collections: more objects than ten requests of 100 Observations leave in use until they are recorded.
_OBJECTS = 200_000


def spare_the_collector() -> None:
    """Keep what is loaded out of garbage collections, which would walk it again and again.

    To be called after loading and before workers are forked, so that they also go on sharing its memory. What is read
    from JSON has no cycles and goes without the collector, so it need not look at requests that are still in use.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS, 10, 10)
