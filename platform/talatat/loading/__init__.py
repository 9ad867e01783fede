"""Bulk import: `talatat load INI ADDON.RESOURCE FILE`.

An addon says what a record means, the platform does the rest: reading (CSV or JSON lines, plain, gz or
xz), batches, progress, the report, and going on after a kill.

    from talatat.loading import Outcome, Record

    class ProductLoader:
        def __init__(self, system): ...
        def load(self, session, records):               # Sequence[Record]; one transaction
            for record in records:
                yield Outcome(record.line, "loaded")    # one for each record, in any order

    config.add_loader("catalog.products", ProductLoader)

A loader adds rows to `session` and answers for every record. It never commits, and keeps nothing that
must outlive the batch in memory: after a kill another process goes on with the next batch.
"""

from talatat.loading.records import Loader, Outcome, Record

__all__ = ["Loader", "Outcome", "Record"]
