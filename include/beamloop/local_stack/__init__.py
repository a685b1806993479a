"""PostgreSQL and Airflow on one machine: started, supervised, described and stopped.

Everything lives in one state directory, see :mod:`beamloop.local_stack.layout`.
"""

from beamloop.local_stack.stack_environment import load_stack_environment

__all__ = ["load_stack_environment"]
