"""Money between a payer and a teacher: the ledger, charges of lessons, packages, statements."""
