"""From the ledger to statements, journals and exports."""
