"""What depotopt says, in every language it speaks: gettext catalogues, and English sentences known again."""
