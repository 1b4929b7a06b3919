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
        'native/batch.cc',
        'native/batch_exchange.cc',
        'native/batch_consumer.cc',
        'native/batch_producer.cc',
        'native/capture_filter.cc',
        'native/client_events.cc',
        'native/codec.cc',
        'native/decompressor.cc',
        'native/flow_hash.cc',
        'native/in_memory_broker.cc',
        'native/js_thread.cc',
        'native/kernel_filter.cc',
        'native/link_type.cc',
        'native/live_capture.cc',
        'native/message_packet.cc',
        'native/own_connections.cc',
        'native/partition_merge.cc',
        'native/properties.cc',
        'native/topic_rights.cc',
        'native/topic_watch.cc',
        'native/withdrawn_packets.cc',
      ],
      'include_dirs': [
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
