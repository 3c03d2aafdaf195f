# frozen_string_literal: true

# Header blocks of HTTP/2 (RFC 7541), as far as a client needs them that allows the server no dynamic table.
module Hpack
  # RFC 7541 appendix A: each name with its values.
  STATIC = [[":authority", ""], [":method", "GET", "POST"], [":path", "/", "/index.html"], [":scheme", "http", "https"],
            %w[:status 200 204 206 304 400 404 500], ["accept-charset", ""],
            ["accept-encoding", "gzip, deflate"],
            *%w[accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control
                content-disposition content-encoding content-language content-length content-location content-range
                content-type cookie date etag expect expires from host if-match if-modified-since if-none-match
                if-range if-unmodified-since last-modified link location max-forwards proxy-authenticate
                proxy-authorization range referer refresh retry-after server set-cookie strict-transport-security
                transfer-encoding user-agent vary via www-authenticate].map { |name| [name, ""] }]
           .flat_map { |name, *values| values.map { |value| [name, value] } }.freeze

  # RFC 7541 appendix B: the length of each byte's code, as digits of base 36. The codes follow from them.
  LENGTHS = "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca" \
            "d67777777777777777777777878djde6f56565666577666567655677777fbeds" \
            "kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn" \
            "qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq"

  class << self
    # @param fields [Array<Array(String, String)>]
    # @return [String] a block that needs no table
    def encode(fields)
      fields.map { |field| "\0".b << field.map { |text| integer(text.bytesize, 7) << text.b }.join }.join
    end

    # @return [Array<Array(String, String)>]
    def decode(block)
      bytes = block.bytes
      fields = []
      until bytes.empty?
        first = bytes.first
        if first >= 0x80 then fields << STATIC.fetch(number(bytes, 7) - 1)
        elsif (first & 0xe0) == 0x20 then number(bytes, 5) # the size of the dynamic table
        else
          index = number(bytes, first >= 0x40 ? 6 : 4)
          fields << [index.zero? ? text(bytes) : STATIC.fetch(index - 1).first, text(bytes)]
        end
      end
      fields
    end

    private

    def integer(number, bits)
      most = (1 << bits) - 1
      return [number].pack("C") if number < most

      [most].pack("C") << [number - most].pack("w").then { |groups| little_endian(groups) }
    end

    # `w` has the most significant group first.
    def little_endian(groups)
      groups = groups.bytes.reverse.map { |group| group & 0x7f }
      groups.each_with_index.map { |group, at| at == groups.size - 1 ? group : group | 0x80 }.pack("C*")
    end

    def number(bytes, bits)
      most = (1 << bits) - 1
      number = bytes.shift & most
      return number if number < most

      shift = 0
      loop do
        byte = bytes.shift
        number += (byte & 0x7f) << shift
        shift += 7
        return number if byte < 0x80
      end
    end

    def text(bytes)
      is_coded = bytes.first >= 0x80
      text = bytes.shift(number(bytes, 7)).pack("C*")
      is_coded ? huffman(text) : text
    end

    def huffman(text)
      code = +""
      text.unpack1("B*").each_char.with_object("".b) do |bit, out|
        code << bit
        byte = codes[code] or next
        out << byte
        code.clear
      end
    end

    def codes
      @codes ||= begin
        code = 0
        length = 0
        bytes = (0..255).sort_by { |byte| [LENGTHS[byte].to_i(36), byte] }
        bytes.to_h do |byte|
          code <<= LENGTHS[byte].to_i(36) - length
          length = LENGTHS[byte].to_i(36)
          text = code.to_s(2).rjust(length, "0")
          code += 1
          [text, byte]
        end
      end
    end
  end
end
