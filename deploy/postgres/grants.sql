-- What worker and reader may do with the tables that `starter.py migrate` made; after each migrate, by their owner. Safe to repeat.
GRANT USAGE ON SCHEMA sellerbeat TO sellerbeat_worker, sellerbeat_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA sellerbeat TO sellerbeat_worker;
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA sellerbeat TO sellerbeat_worker;
GRANT EXECUTE ON FUNCTION sellerbeat.change_partition TO sellerbeat_worker;
GRANT SELECT ON sellerbeat.v_orders, sellerbeat.v_order_lines, sellerbeat.v_parcels, sellerbeat.v_stock, sellerbeat.v_changes TO sellerbeat_reader;
