"""Everything fails at random while mail is sent: nothing is lost, and copies are explained by faults."""
