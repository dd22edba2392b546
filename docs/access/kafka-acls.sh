#!/bin/sh -eu
# Every permission, for Kafka's own tool. BROKER is a broker's host:port; admin.properties says how
# its administrator reaches it. `fortnight access kafka --apply` does the same.
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:account-service --operation Write --topic fleet.devices
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:auditor --operation Describe --cluster
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:auditor --operation DescribeConfigs --cluster
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:auditor --operation Describe --group fortnight --resource-pattern-type prefixed
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:auditor --operation Describe --topic fleet.cleaning-history
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:auditor --operation DescribeConfigs --topic fleet.cleaning-history
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:auditor --operation Describe --topic fleet.devices
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:auditor --operation DescribeConfigs --topic fleet.devices
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:auditor --operation Describe --topic fleet.map-tiles
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:auditor --operation DescribeConfigs --topic fleet.map-tiles
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:auditor --operation Describe --topic fleet.telemetry
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:auditor --operation DescribeConfigs --topic fleet.telemetry
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:auditor --operation Describe --topic fortnight.replays
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:auditor --operation DescribeConfigs --topic fortnight.replays
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:fleet --operation Write --topic fleet.cleaning-history
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:fleet --operation Write --topic fleet.map-tiles
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:fleet --operation Write --topic fleet.telemetry
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation Describe --group fortnight --resource-pattern-type prefixed
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation DescribeConfigs --topic fleet.cleaning-history
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation Read --topic fleet.cleaning-history
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation Write --topic fleet.cleaning-history
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation DescribeConfigs --topic fleet.devices
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation Read --topic fleet.devices
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation Write --topic fleet.devices
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation DescribeConfigs --topic fleet.map-tiles
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation Read --topic fleet.map-tiles
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation Write --topic fleet.map-tiles
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation DescribeConfigs --topic fleet.telemetry
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation Read --topic fleet.telemetry
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation Write --topic fleet.telemetry
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation Create --topic fortnight.replays
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation DescribeConfigs --topic fortnight.replays
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation Read --topic fortnight.replays
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation Write --topic fortnight.replays
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation Write --transactional-id fortnight-marks
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:officer --operation Write --transactional-id fortnight-replay
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:operator --operation Describe --group fortnight --resource-pattern-type prefixed
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:operator --operation AlterConfigs --topic fleet.cleaning-history
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:operator --operation Create --topic fleet.cleaning-history
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:operator --operation Describe --topic fleet.cleaning-history
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:operator --operation DescribeConfigs --topic fleet.cleaning-history
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:operator --operation AlterConfigs --topic fleet.devices
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:operator --operation Create --topic fleet.devices
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:operator --operation Describe --topic fleet.devices
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:operator --operation DescribeConfigs --topic fleet.devices
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:operator --operation AlterConfigs --topic fleet.map-tiles
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:operator --operation Create --topic fleet.map-tiles
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:operator --operation Describe --topic fleet.map-tiles
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:operator --operation DescribeConfigs --topic fleet.map-tiles
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:operator --operation AlterConfigs --topic fleet.telemetry
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:operator --operation Create --topic fleet.telemetry
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:operator --operation Describe --topic fleet.telemetry
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:operator --operation DescribeConfigs --topic fleet.telemetry
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:watch --operation Describe --group fortnight --resource-pattern-type prefixed
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:watch --operation Describe --topic fleet.cleaning-history
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:watch --operation DescribeConfigs --topic fleet.cleaning-history
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:watch --operation Describe --topic fleet.devices
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:watch --operation DescribeConfigs --topic fleet.devices
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:watch --operation Describe --topic fleet.map-tiles
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:watch --operation DescribeConfigs --topic fleet.map-tiles
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:watch --operation Describe --topic fleet.telemetry
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:watch --operation DescribeConfigs --topic fleet.telemetry
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:worker --operation Read --group fortnight --resource-pattern-type prefixed
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:worker --operation DescribeConfigs --topic fleet.cleaning-history
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:worker --operation Read --topic fleet.cleaning-history
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:worker --operation DescribeConfigs --topic fleet.devices
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:worker --operation Read --topic fleet.devices
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:worker --operation DescribeConfigs --topic fleet.map-tiles
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:worker --operation Read --topic fleet.map-tiles
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:worker --operation DescribeConfigs --topic fleet.telemetry
kafka-acls.sh --bootstrap-server $BROKER --command-config admin.properties --add --allow-principal User:worker --operation Read --topic fleet.telemetry
