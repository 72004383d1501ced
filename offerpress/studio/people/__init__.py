"""The screens about people: sign-in, invitations, passkeys and tasks."""
