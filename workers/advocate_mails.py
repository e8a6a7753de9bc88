"""Mails of the programme: invitations in bites, the week of each advocate, the month for leadership."""
