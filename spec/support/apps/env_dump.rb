# frozen_string_literal: true

module Apps
  # Answers with the env, one pair a line, as Ruby literals.
  module EnvDump
    def self.call(env)
      lines = env.map { |key, value| "#{key.inspect} => #{describe(value)}\n" }
      [200, { "content-type" => "text/plain" }, lines]
    end

    def self.describe(value) = value.is_a?(String) ? "#{value.inspect} #{value.encoding}" : value.class.name
    private_class_method :describe

    # @param answer [Wire::Answer]
    # @return [Hash{String => String}] Strings as they were, anything else by its class
    def self.parse(answer)
      answer.body.force_encoding("UTF-8").lines.to_h do |line|
        key, value = line.match(/\A"(.+?)" => (.*)\n\z/).captures
        [key, value.start_with?('"') ? value[/\A".*"/].undump : value]
      end
    end
  end
end
