"""The opponents: programs of their own that know no Fortnight, each as good as it can be made."""
