# frozen_string_literal: true

require "kino/config/directives"

module Generate
  # ext/kino/src/ruby/directives.rs: what the front-end is told, as a struct in Rust.
  module FrontEnd
    # What it is made from.
    SOURCES = %w[lib/kino/config/directives.rb].freeze

    # From this on a count may not fit into the usize of a 32-bit machine.
    LARGE = 2**31

    module_function

    # @return [String]
    def text
      directives = Kino::Config::Directives::ALL.select(&:native)
      fields = directives.map { |directive| "    pub(crate) #{directive.name}: #{rust(directive.type)}," }
      values = directives.map { |directive| "            #{directive.name}: #{fetch(directive)}?," }
      <<~RUST
        //! Made by `rake generate` from #{SOURCES.first}: change that.

        use std::time::Duration;

        use magnus::{Error, RHash, Ruby};

        use crate::ruby::setting::{fetch, seconds};

        /// The directives that the front-end is told of, by their names.
        pub(crate) struct Directives {
        #{fields.join("\n")}
        }

        impl Directives {
            /// Reads them from the Hash that `Kino::Native.start` is given.
            pub(crate) fn read(ruby: &Ruby, hash: RHash) -> Result<Self, Error> {
                Ok(Self {
        #{values.join("\n")}
                })
            }
        }

        fn duration(ruby: &Ruby, hash: RHash, name: &str) -> Result<Duration, Error> {
            seconds(ruby, fetch(ruby, hash, name)?)
        }

        fn maybe_duration(ruby: &Ruby, hash: RHash, name: &str) -> Result<Option<Duration>, Error> {
            fetch::<Option<f64>>(ruby, hash, name)?.map(|given| seconds(ruby, given)).transpose()
        }
      RUST
    end

    def rust(type)
      kind = type.native.to_s
      plain = { "flag" => "bool", "seconds" => "Duration" }.fetch(kind.delete_suffix("?")) do
        type.range.end < LARGE ? "usize" : "u64"
      end
      kind.end_with?("?") ? "Option<#{plain}>" : plain
    end

    def fetch(directive)
      with = { seconds: "duration", seconds?: "maybe_duration" }.fetch(directive.type.native, "fetch")
      %(#{with}(ruby, hash, "#{directive.name}"))
    end
  end
end
