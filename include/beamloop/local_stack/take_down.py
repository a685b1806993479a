"""Stop a local stack and leave no process of it behind."""

from beamloop.dials_cli.server_door import stop_servers
from beamloop.local_stack.exclusive import exclusive, uninterrupted
from beamloop.local_stack.guard_locks import living_guards, wait_for_guards
from beamloop.local_stack.layout import StackLayout
from beamloop.local_stack.narration import Narration
from beamloop.local_stack.supervision import Supervisor
from beamloop.settings import dials_servers


def take_down(layout: StackLayout, narration: Narration) -> bool:
    """Stop the stack; its data stay.

    Parameters
    ----------
    layout
        The stack's paths.
    narration
        Told what is done and how long it took.

    Returns
    -------
    bool
        Whether anything was running.

    Raises
    ------
    TransientError
        When another command holds the stack, or a program does not end.
    """
    if not layout.supervisor.is_dir():
        return False
    with exclusive(layout.lock_file, on_wait=narration.note):
        supervisor = Supervisor(layout)
        running = supervisor.pid() is not None or bool(living_guards(layout))
        if running:
            with uninterrupted(), narration.step("Stack stopped"):
                supervisor.shut_down()
                wait_for_guards(layout)
                stop_servers(dials_servers(layout.runs))
    return running
