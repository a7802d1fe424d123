{
  # Folder of the sources of libzstd; build.mjs finds it. Without it the addon has no zstd.
  "variables": { "zstd_sources%": "" },
  "targets": [
    {
      "target_name": "firn",
      "sources": [
        "addon.cc",
        "codec.cc",
        "crc32c.cc",
        "entries.cc",
        "fast.cc",
        "gather.cc",
        "kernels.cc",
        "lines.cc",
        "marks.cc",
        "number.cc",
        "scan.cc",
        "sha256.cc",
        "split.cc",
        "strings.cc",
        "table.cc",
        "timestamp.cc",
        "tree.cc",
        "validate.cc"
      ],
      "defines": ["NAPI_VERSION=8"],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++1y"],
      "cflags_cc": ["-std=gnu++20", "-O3", "-fexceptions", "-Wall", "-Wextra", "-Wconversion"],
      "xcode_settings": {
        "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
        "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
        "MACOSX_DEPLOYMENT_TARGET": "13.3"
      },
      "conditions": [
        [
          "zstd_sources != ''",
          {
            "sources": ["zstd.cc"],
            "defines": ["FIRN_ZSTD"],
            "include_dirs": ["<(zstd_sources)"],
            "dependencies": ["zstd"]
          }
        ]
      ]
    }
  ],
  "conditions": [
    [
      "zstd_sources != ''",
      {
        "targets": [
          {
            "target_name": "zstd",
            "type": "static_library",
            "sources": ["zstd-compress.c", "zstd-decompress.c"],
            "include_dirs": ["<(zstd_sources)"],
            # Level 1 is all that is used, so the match finders of the higher levels are left out: half of the build time.
            # The fast Huffman loops overlook damage that the plain ones, and so the WebAssembly twin, refuse.
            # Nothing is exported: from 22.15 on Node has a libzstd of its own, and its symbols would take the place of these.
            "defines": [
              "HUF_DISABLE_FAST_DECODE=1",
              "ZSTD_DISABLE_ASM",
              "ZSTD_EXCLUDE_DFAST_BLOCK_COMPRESSOR",
              "ZSTD_EXCLUDE_GREEDY_BLOCK_COMPRESSOR",
              "ZSTD_EXCLUDE_LAZY_BLOCK_COMPRESSOR",
              "ZSTD_EXCLUDE_LAZY2_BLOCK_COMPRESSOR",
              "ZSTD_EXCLUDE_BTLAZY2_BLOCK_COMPRESSOR",
              "ZSTD_EXCLUDE_BTOPT_BLOCK_COMPRESSOR",
              "ZSTD_EXCLUDE_BTULTRA_BLOCK_COMPRESSOR",
              "ZSTD_LEGACY_SUPPORT=0",
              "ZSTD_TRACE=0",
              "ZSTDLIB_VISIBLE=",
              "ZSTDERRORLIB_VISIBLE=",
              "XXH_NAMESPACE=FIRN_"
            ],
            "cflags": ["-O3", "-fvisibility=hidden", "-w"],
            "xcode_settings": { "GCC_SYMBOLS_PRIVATE_EXTERN": "YES", "WARNING_CFLAGS": ["-w"] }
          }
        ]
      }
    ]
  ]
}
