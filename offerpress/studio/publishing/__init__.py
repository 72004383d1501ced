"""The screens on which the site is built, compared with the published one, and published."""
