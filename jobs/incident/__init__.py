"""An incident: opened, told and closed by officers, who learn whose data it concerns."""
