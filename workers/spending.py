"""The meter of a run that writes down what is owed at once: a process that is killed has still paid."""

from collectors.meter import Meter
from storage import db, sources


class LedgerMeter(Meter):
    """Charges go into the run's row, in a transaction of their own, before the answer is there."""

    def __init__(self, run_id: int, before: Meter) -> None:
        super().__init__(before.spent_before, before.limit)
        self._run_id = run_id

    def charge(self, amount: float) -> None:
        """Note what is owed, here and in the ledger."""
        super().charge(amount)
        with db.transaction() as session:
            sources.note_spending(session, self._run_id, cost=self.cost)
