# frozen_string_literal: true

module Apps
  # Responds with the env, one pair per line, as Ruby literals.
  module EnvDump
    def self.call(env)
      lines = env.map { |key, value| "#{key.inspect} => #{describe(value)}\n" }
      [200, { "content-type" => "text/plain" }, lines]
    end

    def self.describe(value) = value.is_a?(String) ? "#{value.inspect} #{value.encoding}" : value.class.name
    private_class_method :describe

    # @param response [HttpClient::Response]
    # @return [Hash{String => String}] Strings unchanged, anything else as the name of its class
    def self.parse(response)
      response.body.force_encoding("UTF-8").lines.to_h do |line|
        key, value = line.match(/\A"(.+?)" => (.*)\n\z/).captures
        [key, value.start_with?('"') ? value[/\A".*"/].undump : value]
      end
    end
  end
end
