"""Let Python look seldom for what only its garbage collector can free, and never among what stays.

After every 700 new objects Python 3.11 looks through the youngest of them, and now and then through all:
Airflow's modules, schemas and DAGs, hundreds of thousands that live as long as the program. One pass of the
scheduler makes thousands of objects that are needed until its end.
"""

import gc

# New objects between two looks at the youngest; those that were left are looked at again ten looks later.
YOUNG = 20_000


def collect_rarely() -> None:
    """Leave alone what is there now, and look seldom through what comes."""
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
