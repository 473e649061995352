"""Private lessons in the CMS, for who looks after those of every teacher."""
