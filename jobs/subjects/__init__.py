"""What a subject may ask for: each right a module, done by an officer, told in the ledger."""
