"""Who may do what: roles as data, and the Kafka and IAM rules that are generated from them.

`declared` says it once; `lists` (Kafka's access control lists), `policies` (AWS's IAM) and `page`
(for people) say it again in others' words.
"""
