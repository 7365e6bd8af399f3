#[allow(unused_imports)]
pub use progenitor_client::{ByteStream, ClientInfo, Error, ResponseValue};
#[allow(unused_imports)]
use progenitor_client::{encode_path, ClientHooks, OperationInfo, RequestBuilderExt};
/// Types used as operation parameters and responses.
#[allow(clippy::all)]
pub mod types {
    /// The message was stored.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct Ack {
        /// The number of messages now in the box.
        pub data: i64,
        /// The sequence number of the message.
        pub seq: i64,
        #[serde(rename = "type")]
        pub type_: AckType,
    }
    /// `AckType`
    #[derive(
        ::serde::Deserialize,
        ::serde::Serialize,
        Clone,
        Copy,
        Debug,
        Eq,
        Hash,
        Ord,
        PartialEq,
        PartialOrd
    )]
    pub enum AckType {
        #[serde(rename = "ack")]
        Ack,
    }
    impl ::std::fmt::Display for AckType {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            match *self {
                Self::Ack => f.write_str("ack"),
            }
        }
    }
    impl ::std::str::FromStr for AckType {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            match value {
                "ack" => Ok(Self::Ack),
                _ => Err("invalid value".into()),
            }
        }
    }
    impl ::std::convert::TryFrom<&str> for AckType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for AckType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    /// The result: `type` says whether a box was created, a message stored, or a box drained.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct ClassicAnswer {
        /// The box id. Whoever holds it owns the box: keep it secret. Or: The number of messages now in the box. Or: All messages that were in the box.
        pub data: ::serde_json::Value,
        /// The drop address. Whoever holds it can only store messages: give this to the other party.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub drop: ::std::option::Option<::std::string::String>,
        /// When the box expires unless it is used before then (RFC 3339).
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub expires: ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
        #[serde(rename = "type")]
        pub type_: ClassicAnswerType,
    }
    /// `ClassicAnswerType`
    #[derive(
        ::serde::Deserialize,
        ::serde::Serialize,
        Clone,
        Copy,
        Debug,
        Eq,
        Hash,
        Ord,
        PartialEq,
        PartialOrd
    )]
    pub enum ClassicAnswerType {
        #[serde(rename = "created")]
        Created,
        #[serde(rename = "ack")]
        Ack,
        #[serde(rename = "msgs")]
        Msgs,
    }
    impl ::std::fmt::Display for ClassicAnswerType {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            match *self {
                Self::Created => f.write_str("created"),
                Self::Ack => f.write_str("ack"),
                Self::Msgs => f.write_str("msgs"),
            }
        }
    }
    impl ::std::str::FromStr for ClassicAnswerType {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            match value {
                "created" => Ok(Self::Created),
                "ack" => Ok(Self::Ack),
                "msgs" => Ok(Self::Msgs),
                _ => Err("invalid value".into()),
            }
        }
    }
    impl ::std::convert::TryFrom<&str> for ClassicAnswerType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for ClassicAnswerType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    /// The settings of the new box.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default)]
    #[serde(deny_unknown_fields)]
    pub struct CreateBox {
        /// Makes the box a room: each message expires after this many seconds, and a full room drops its oldest messages. At most `ttl`. If absent, the box keeps its messages until they are acknowledged or drained.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub keep: ::std::option::Option<i64>,
        /// The idle lifetime in seconds: a box that is not used for this long expires. If absent: 86400.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub ttl: ::std::option::Option<i64>,
    }
    /// A box that was created or opened.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct Created {
        /// The box id. Whoever holds it owns the box: keep it secret.
        pub data: ::std::string::String,
        /// The drop address. Whoever holds it can only store messages: give this to the other party.
        pub drop: ::std::string::String,
        /// When the box expires unless it is used before then (RFC 3339).
        pub expires: ::chrono::DateTime<::chrono::offset::Utc>,
        #[serde(rename = "type")]
        pub type_: CreatedType,
    }
    /// `CreatedType`
    #[derive(
        ::serde::Deserialize,
        ::serde::Serialize,
        Clone,
        Copy,
        Debug,
        Eq,
        Hash,
        Ord,
        PartialEq,
        PartialOrd
    )]
    pub enum CreatedType {
        #[serde(rename = "created")]
        Created,
    }
    impl ::std::fmt::Display for CreatedType {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            match *self {
                Self::Created => f.write_str("created"),
            }
        }
    }
    impl ::std::str::FromStr for CreatedType {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            match value {
                "created" => Ok(Self::Created),
                _ => Err("invalid value".into()),
            }
        }
    }
    impl ::std::convert::TryFrom<&str> for CreatedType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for CreatedType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    /// The position up to which a reader has handled every message.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    #[serde(deny_unknown_fields)]
    pub struct Cursor {
        /// The messages up to and including this sequence number are deleted.
        pub after: i64,
    }
    /// The messages up to the cursor have been deleted.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct CursorAck {
        /// The number of messages left in the box.
        pub data: i64,
        #[serde(rename = "type")]
        pub type_: CursorAckType,
    }
    /// `CursorAckType`
    #[derive(
        ::serde::Deserialize,
        ::serde::Serialize,
        Clone,
        Copy,
        Debug,
        Eq,
        Hash,
        Ord,
        PartialEq,
        PartialOrd
    )]
    pub enum CursorAckType {
        #[serde(rename = "ack")]
        Ack,
    }
    impl ::std::fmt::Display for CursorAckType {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            match *self {
                Self::Ack => f.write_str("ack"),
            }
        }
    }
    impl ::std::str::FromStr for CursorAckType {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            match value {
                "ack" => Ok(Self::Ack),
                _ => Err("invalid value".into()),
            }
        }
    }
    impl ::std::convert::TryFrom<&str> for CursorAckType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for CursorAckType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    /// An entry of `RTCConfiguration.iceServers`.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct IceServer {
        /// For TURN: the password.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub credential: ::std::option::Option<::std::string::String>,
        pub urls: ::std::vec::Vec<::std::string::String>,
        /// For TURN: the user name, which is the expiry in seconds since the epoch, a colon, and a short hash of the client address.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub username: ::std::option::Option<::std::string::String>,
    }
    /// STUN and TURN servers for a peer connection.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct IceServers {
        /// The value for `RTCConfiguration.iceServers`.
        #[serde(rename = "iceServers")]
        pub ice_servers: ::std::vec::Vec<IceServer>,
        /// The lifetime of the credentials, in seconds.
        pub ttl: i64,
    }
    /// Messages from the box.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct Msgs {
        /// The messages, oldest first.
        pub data: ::std::vec::Vec<::serde_json::Value>,
        /// The cursor for the next read: the sequence number of the last message in `data`.
        pub next: i64,
        #[serde(rename = "type")]
        pub type_: MsgsType,
    }
    /// `MsgsType`
    #[derive(
        ::serde::Deserialize,
        ::serde::Serialize,
        Clone,
        Copy,
        Debug,
        Eq,
        Hash,
        Ord,
        PartialEq,
        PartialOrd
    )]
    pub enum MsgsType {
        #[serde(rename = "msgs")]
        Msgs,
    }
    impl ::std::fmt::Display for MsgsType {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            match *self {
                Self::Msgs => f.write_str("msgs"),
            }
        }
    }
    impl ::std::str::FromStr for MsgsType {
        type Err = self::error::ConversionError;
        fn from_str(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            match value {
                "msgs" => Ok(Self::Msgs),
                _ => Err("invalid value".into()),
            }
        }
    }
    impl ::std::convert::TryFrom<&str> for MsgsType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: &str,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    impl ::std::convert::TryFrom<::std::string::String> for MsgsType {
        type Error = self::error::ConversionError;
        fn try_from(
            value: ::std::string::String,
        ) -> ::std::result::Result<Self, self::error::ConversionError> {
            value.parse()
        }
    }
    /// What went wrong and what to do next (RFC 9457).
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct Problem {
        /// One of BOX_ERR_INVALID, BOX_ERR_DROP_ONLY, BOX_ERR_PREFETCH, BOX_ERR_CROSS_SITE, BOX_ERR_NOT_FOUND, BOX_ERR_NO_ROUTE, BOX_ERR_METHOD, BOX_ERR_NOT_ACCEPTABLE, BOX_ERR_TIMEOUT, BOX_ERR_FULL, BOX_ERR_CURSOR, BOX_ERR_TOO_LARGE, BOX_ERR_URI_TOO_LONG, BOX_ERR_MEDIA_TYPE, BOX_ERR_EXPECTATION, BOX_ERR_IDEMPOTENCY, BOX_ERR_RATE, BOX_ERR_HELD, BOX_ERR_HEADERS, BOX_ERR_INTERNAL, BOX_ERR_BUSY, BOX_ERR_CLOSING, BOX_ERR_STORE, BOX_ERR_STORE_FULL; or a code from the host application.
        pub code: ::std::string::String,
        /// What to do next.
        pub detail: ::std::string::String,
        /// The HTTP status.
        pub status: i64,
        /// A short name for the problem.
        pub title: ::std::string::String,
        /// Identifies the kind of problem; a GET request to this URI returns an explanation.
        #[serde(rename = "type")]
        pub type_: ::std::string::String,
    }
    /// Error types.
    pub mod error {
        /// Error from a `TryFrom` or `FromStr` implementation.
        pub struct ConversionError(::std::borrow::Cow<'static, str>);
        impl ::std::error::Error for ConversionError {}
        impl ::std::fmt::Display for ConversionError {
            fn fmt(
                &self,
                f: &mut ::std::fmt::Formatter<'_>,
            ) -> Result<(), ::std::fmt::Error> {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }
        impl ::std::fmt::Debug for ConversionError {
            fn fmt(
                &self,
                f: &mut ::std::fmt::Formatter<'_>,
            ) -> Result<(), ::std::fmt::Error> {
                ::std::fmt::Debug::fmt(&self.0, f)
            }
        }
        impl From<&'static str> for ConversionError {
            fn from(value: &'static str) -> Self {
                Self(value.into())
            }
        }
        impl From<String> for ConversionError {
            fn from(value: String) -> Self {
                Self(value.into())
            }
        }
    }
}
#[derive(Clone, Debug)]
/// Client for signalbox
///
/// A message box over plain HTTP: two parties who can share a link can exchange messages. Its main use is WebRTC signaling. Errors are problem details (RFC 9457).
///
/// Version: 0.1.0
pub struct Client {
    pub(crate) baseurl: String,
    pub(crate) client: reqwest::Client,
}
impl Client {
    /// Create a new client.
    ///
    /// `baseurl` is the base URL provided to the internal
    /// `reqwest::Client`, and should include a scheme and hostname,
    /// as well as port and a path stem if applicable.
    pub fn new(baseurl: &str) -> Self {
        #[cfg(not(target_arch = "wasm32"))]
        let client = {
            let dur = ::std::time::Duration::from_secs(90u64);
            reqwest::ClientBuilder::new().connect_timeout(dur).timeout(dur)
        };
        #[cfg(target_arch = "wasm32")]
        let client = reqwest::ClientBuilder::new();
        Self::new_with_client(baseurl, client.build().unwrap())
    }
    /// Construct a new client with an existing `reqwest::Client`,
    /// allowing more control over its configuration.
    ///
    /// `baseurl` is the base URL provided to the internal
    /// `reqwest::Client`, and should include a scheme and hostname,
    /// as well as port and a path stem if applicable.
    pub fn new_with_client(baseurl: &str, client: reqwest::Client) -> Self {
        Self {
            baseurl: baseurl.to_string(),
            client,
        }
    }
}
impl ClientInfo<()> for Client {
    fn api_version() -> &'static str {
        "0.1.0"
    }
    fn baseurl(&self) -> &str {
        self.baseurl.as_str()
    }
    fn client(&self) -> &reqwest::Client {
        &self.client
    }
    fn inner(&self) -> &() {
        &()
    }
}
impl ClientHooks<()> for &Client {}
#[allow(clippy::all)]
impl Client {
    /// Create a box
    ///
    /// Creates an empty box. Keep its id secret, and give its drop address to the other party, who can only store messages in the box. With `keep`, the box is a room.
    ///
    /// Sends a `POST` request to `/boxes`
    ///
    pub async fn create_box<'a>(
        &'a self,
        body: &'a types::CreateBox,
    ) -> Result<ResponseValue<types::Created>, Error<types::Problem>> {
        let url = format!("{}/boxes", self.baseurl,);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .post(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .json(&body)
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "create_box",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            201u16 => ResponseValue::from_response(response).await,
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /// Open a box
    ///
    /// Creates an empty box under an id that the client has made, unless the box exists. Everyone who derives the same id from a shared secret opens the same box. The id must be as hard to guess as one that the server makes: derive it with HKDF-SHA-256 from a secret of at least 128 random bits, never from a name or a password. Idempotent: an existing box keeps its messages and its settings, whatever the body says, and is only renewed. Every request counts as a read for the rate limit; one that finds no box also counts as a create.
    ///
    /// Sends a `PUT` request to `/boxes/{box}`
    ///
    /// Arguments:
    /// - `box_`: The box id. Whoever holds it owns the box: keep it secret.
    /// - `body`
    pub async fn open_box<'a>(
        &'a self,
        box_: &'a str,
        body: &'a types::CreateBox,
    ) -> Result<ResponseValue<types::Created>, Error<types::Problem>> {
        let url = format!("{}/boxes/{}", self.baseurl, encode_path(& box_.to_string()),);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .put(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .json(&body)
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "open_box",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            201u16 => ResponseValue::from_response(response).await,
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /// Delete the box
    ///
    /// Deletes the box and its messages. Its id and drop address become permanently invalid.
    ///
    /// Sends a `DELETE` request to `/boxes/{box}`
    ///
    /// Arguments:
    /// - `box_`: The box id. Whoever holds it owns the box: keep it secret.
    pub async fn delete_box<'a>(
        &'a self,
        box_: &'a str,
    ) -> Result<ResponseValue<()>, Error<types::Problem>> {
        let url = format!("{}/boxes/{}", self.baseurl, encode_path(& box_.to_string()),);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .delete(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "delete_box",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            204u16 => Ok(ResponseValue::empty(response)),
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /// Read messages
    ///
    /// Reads the messages after a cursor and leaves them in the box. With `wait`, the response is held open until there is a message. With `Accept: text/event-stream`, the messages arrive as a stream of server-sent events whose `id` is the sequence number; `event: gone` means that the box no longer exists. Swagger UI shows nothing until a stream ends; try streams with another client, such as `curl -N`.
    ///
    /// Sends a `GET` request to `/boxes/{box}/messages`
    ///
    /// Arguments:
    /// - `box_`: The box id. Whoever holds it owns the box: keep it secret.
    /// - `after`: The cursor: only messages with a higher sequence number are returned.
    /// - `limit`: The maximum number of messages to return.
    /// - `wait`: How long to wait for a message if there is none, in seconds. The server may respond earlier.
    pub async fn read_messages<'a>(
        &'a self,
        box_: &'a str,
        after: Option<i64>,
        limit: Option<i64>,
        wait: Option<i64>,
    ) -> Result<ResponseValue<types::Msgs>, Error<types::Problem>> {
        let url = format!(
            "{}/boxes/{}/messages", self.baseurl, encode_path(& box_.to_string()),
        );
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .get(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .query(&progenitor_client::QueryParam::new("after", &after))
            .query(&progenitor_client::QueryParam::new("limit", &limit))
            .query(&progenitor_client::QueryParam::new("wait", &wait))
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "read_messages",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /// Store a message
    ///
    /// Stores a message: any JSON value, sent with `Content-Type: application/json`. A body sent as `text/plain`, which is what `fetch` uses for a string by default, is stored as a JSON string. A 2xx status means that the message is as durable as the server's store guarantees. A full box refuses messages and never drops any; a full room drops its oldest.
    ///
    /// Sends a `POST` request to `/boxes/{box}/messages`
    ///
    /// Arguments:
    /// - `box_`: A box id or a drop address.
    /// - `idempotency_key`: Makes retries safe: a request with the same key and body stores nothing and returns the first response again.
    /// - `body`
    pub async fn store_message<'a>(
        &'a self,
        box_: &'a str,
        idempotency_key: Option<&'a str>,
        body: &'a ::serde_json::Value,
    ) -> Result<ResponseValue<types::Ack>, Error<types::Problem>> {
        let url = format!(
            "{}/boxes/{}/messages", self.baseurl, encode_path(& box_.to_string()),
        );
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(2usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        if let Some(value) = idempotency_key {
            header_map.append("idempotency-key", value.to_string().try_into()?);
        }
        #[allow(unused_mut)]
        let mut request = self
            .client
            .post(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .json(&body)
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "store_message",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /// Drain the box
    ///
    /// Takes all messages out of the box in one atomic step. If the response is lost, so are the messages; if that matters, read and acknowledge instead.
    ///
    /// Sends a `DELETE` request to `/boxes/{box}/messages`
    ///
    /// Arguments:
    /// - `box_`: The box id. Whoever holds it owns the box: keep it secret.
    pub async fn drain_messages<'a>(
        &'a self,
        box_: &'a str,
    ) -> Result<ResponseValue<types::Msgs>, Error<types::Problem>> {
        let url = format!(
            "{}/boxes/{}/messages", self.baseurl, encode_path(& box_.to_string()),
        );
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .delete(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "drain_messages",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /// Acknowledge messages
    ///
    /// Deletes the messages up to and including the cursor. Idempotent.
    ///
    /// Sends a `PUT` request to `/boxes/{box}/cursor`
    ///
    /// Arguments:
    /// - `box_`: The box id. Whoever holds it owns the box: keep it secret.
    /// - `body`
    pub async fn acknowledge<'a>(
        &'a self,
        box_: &'a str,
        body: &'a types::Cursor,
    ) -> Result<ResponseValue<types::CursorAck>, Error<types::Problem>> {
        let url = format!(
            "{}/boxes/{}/cursor", self.baseurl, encode_path(& box_.to_string()),
        );
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .put(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .json(&body)
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "acknowledge",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /// Get ICE servers
    ///
    /// Returns the STUN and TURN servers that this server offers to users of the box, with credentials that expire.
    ///
    /// Sends a `GET` request to `/boxes/{box}/ice-servers`
    ///
    /// Arguments:
    /// - `box_`: A box id or a drop address.
    pub async fn get_ice_servers<'a>(
        &'a self,
        box_: &'a str,
    ) -> Result<ResponseValue<types::IceServers>, Error<types::Problem>> {
        let url = format!(
            "{}/boxes/{}/ice-servers", self.baseurl, encode_path(& box_.to_string()),
        );
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .get(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "get_ice_servers",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /// Create, store or drain by query parameters
    ///
    /// The API of the PHP script that this server replaces. Without `box`, it creates a box; with `box` and `msg`, it stores the text; with `box` alone, it drains the box. GET changes state, so HEAD requests and prefetches are refused. Prefer the other operations.
    ///
    /// Sends a `GET` request to `/box.php`
    ///
    /// Arguments:
    /// - `box_`: A box id or, to store a message, a drop address. If absent, a box is created.
    /// - `msg`: The message to store. If absent, the box is drained.
    pub async fn classic_box<'a>(
        &'a self,
        box_: Option<&'a str>,
        msg: Option<&'a str>,
    ) -> Result<ResponseValue<types::ClassicAnswer>, Error<types::Problem>> {
        let url = format!("{}/box.php", self.baseurl,);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .get(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .query(&progenitor_client::QueryParam::new("box", &box_))
            .query(&progenitor_client::QueryParam::new("msg", &msg))
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "classic_box",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
}
/// Items consumers will typically use such as the Client.
pub mod prelude {
    #[allow(unused_imports)]
    pub use super::Client;
}
pub use reqwest;
