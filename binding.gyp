{
  'variables': {
    # Where node-rdkafka built its librdkafka, by Node's own resolution: nested, hoisted or linked.
    'librdkafka': '<!(node -p "require(\'path\').join(require(\'path\').dirname(require.resolve(\'node-rdkafka/package.json\')), \'build/deps\')")',
    # The same, as seen from the built addon, so that an installed tree can be moved as a whole.
    'librdkafka_from_addon': '<!(node -p "require(\'path\').relative(\'build/Release\', require(\'path\').join(require(\'path\').dirname(require.resolve(\'node-rdkafka/package.json\')), \'build/deps\'))")',
  },
  'targets': [
    {
      'target_name': 'kcap',
      'sources': [
        'native/addon.cc',
        'native/batch/batch.cc',
        'native/batch/batch_exchange.cc',
        'native/kafka/batch_consumer.cc',
        'native/kafka/batch_producer.cc',
        'native/capture/capture_filter.cc',
        'native/kafka/client_events.cc',
        'native/codec/codec.cc',
        'native/codec/decompressor.cc',
        'native/kafka/flow_hash.cc',
        'native/kafka/in_memory_broker.cc',
        'native/system/js_thread.cc',
        'native/capture/kernel_filter.cc',
        'native/capture/link_type.cc',
        'native/capture/live_capture.cc',
        'native/kafka/message_packet.cc',
        'native/capture/own_connections.cc',
        'native/kafka/partition_merge.cc',
        'native/kafka/properties.cc',
        'native/kafka/topic_rights.cc',
        'native/kafka/topic_watch.cc',
        'native/kafka/withdrawn_packets.cc',
      ],
      'include_dirs': [
        'native',
        '<!(node -p "require(\'node-addon-api\').include_dir")',
        '<(librdkafka)/include',
      ],
      'defines': ['NAPI_VERSION=8', 'NODE_ADDON_API_CPP_EXCEPTIONS_ALL'],
      'libraries': [
        '-lpcap',
        '-lz',
        '-lzstd',
        '-llz4',
        '-L<(librdkafka)',
        '-l:librdkafka.so.1',
        '-Wl,-rpath,\'$$ORIGIN/<(librdkafka_from_addon)\'',
      ],
      'cflags_cc!': ['-fno-exceptions', '-fno-rtti', '-std=gnu++17', '-std=gnu++20'],
      'cflags_cc': ['-std=c++20', '-fexceptions', '-O2', '-Wall', '-Wextra', '-Wno-unused-parameter', '-Wno-ignored-qualifiers'],
    },
  ],
}
