-- append: the batches of some organisations in one transaction; an answer a command, in order
select status, first, last from ledger.append($1::ledger.batch[])
