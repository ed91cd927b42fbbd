// SPDX-License-Identifier: BSD-3-Clause
//
// Frames of docs/protocol.md as words.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

using Words = std::vector<uint32_t>;

// CRC-32 of little-endian words, as zlib's.
inline uint32_t crc32(const Words& words) {
    static const std::array<uint32_t, 256> table = [] {
        std::array<uint32_t, 256> made{};
        for (uint32_t i = 0; i < 256; ++i) {
            uint32_t c = i;
            for (int bit = 0; bit < 8; ++bit) c = (c & 1u) != 0 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
            made[i] = c;
        }
        return made;
    }();
    uint32_t crc = ~0u;
    for (const uint32_t word : words) {
        for (int shift = 0; shift < 32; shift += 8) crc = table[(crc ^ (word >> shift)) & 0xFFu] ^ (crc >> 8);
    }
    return ~crc;
}

struct Header {
    uint32_t opcode;
    uint32_t sequence = 0;
    uint32_t epoch = 0;
    uint32_t acknowledge = 0;
    bool urgent = false;
    bool reply = false;
    uint32_t version = 1;
};

inline Words frame(const Header& header, const Words& payload) {
    Words words{header.version | (header.reply ? 0x10u : 0u) | (header.urgent ? 0x20u : 0u) |
                    header.opcode << 8 | (header.sequence & 0xFFFFu) << 16,
                (header.epoch & 0xFFFFu) | static_cast<uint32_t>(payload.size()) << 16,
                header.acknowledge & 0xFFFFu};
    words.insert(words.end(), payload.begin(), payload.end());
    words.push_back(crc32(words));
    return words;
}
