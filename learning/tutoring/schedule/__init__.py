"""When lessons are: from weekly rules to instants, clashes, previews, moves, days off, calendars."""
