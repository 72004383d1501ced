"""The screens about the whole site: Today, Finance and History."""
