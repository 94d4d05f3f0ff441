//! What entries, envelopes, proofs and pages say again and again, with their digits as bytes: \x01 and a
//! length stand before hexadecimal ones, \x02 before a fingerprint, \x03 before base64 of a text and \x04
//! before that of other bytes.
//!
//! A database that was written with other words cannot be read: whoever changes one makes all anew.

/// The words, those of pages first, then those of refusals, and what every exchange says last.
pub(super) const WORDS: &[u8] = b"\
\"color\":\"\",\"body\":\"\",\"make\":\"\",\"model\":\"\",\"direction\":\"\",\"confidence\":0.9,\
\"reader_clock\":\"\",\"earlier_of\":\"\x01\x20\",\"images\":[{\"digest\":\"\x01\x20\",\"bytes\":\
,\"type\":\"image/jpeg\"}]}\n{\"id\":\"\x01\x20\",\"plate\":\"\",\"plate_state\":\"CA\",\"at\":\"202\
\",\"camera\":\"\",\"location\":{\"lat\":34.,\"lon\":-118.},\"source\":\"\",\"vendor_id\":\"\
application/vnd.accord.refusal.v1+json\",\"decided_by\":{\"policy\":\"\x01\x20\",\"rules\":1},\
\"closest\":{},\"reasons\":[{\"code\":\"no_authority\",\"message\":\"\",\"citations\":[{\"text\":\
\"Accord protocol\",\"section\":\"\"}]}],\"advice\":\"\"\
application/vnd.accord.correction.v1+json\
View the image and make sure that the plate was read correctly; if practicable, verify through CLETS \
before enforcement action that is based solely on an ALPR alert.\
You shall verify this read through CLETS before a directed traffic enforcement stop or a detention that \
is based solely on an ALPR alert.\
If practicable, verify this read through CLETS before taking enforcement action that is based solely on \
an ALPR alert.\
\",\"offenses\":[\"VC \",\"VC 10851\",\"10851 VC\",\"CVC 10851\",\"vehicle_role\":\"\
session \x01\x08, password and code, password and code card, security key, under \
\"outcome\":\"refused\",\"outcome\":\"unanswered\",\"why\":\"\",\"purpose\":\"\
criminal_investigation\"\"missing_person\"\"stolen_vehicle\",\"vehicle_role\":\"\
{\"at\":\"202\",\"actor\":{\"agency\":\"-ca-sheriff\",\"auth\":\"signed envelope\"},\"registry\":\
,\"event\":{\"kind\":\"receipt.recorded\",\"answer_digest\":\"\x01\x20\",\"logged_at\":\"202\
{\"payloadType\":\"application/vnd.accord.receipt.v1+json\",\"payload\":\"\x03\x01{\"query_id\":\"\
\x01\x10\",\"answer_digest\":\"\x01\x20\",\"from\":\"-ca-pd\",\"to\":\"-ca-pd\",\"at\":\"202\
{\"v\":1,\"index\":,\"at\":\"202\",\"kind\":\"receipt.recorded\",\"peer\":\"-ca-sheriff\",\
\"peer_seq\":,\"query\":\"\x01\x20\",\"body\":\"\x01\x20\",\"envelope\":\"\x01\x20\
\"query.refused\",\"query.answered\",\"answer.received\",\"query.sent\",\"peer\":\"-ca-pd\",\
{\"payloadType\":\"application/vnd.accord.query.v1+json\",\"payload\":\"\x03\x06{\"id\":\"\x01\x10\
\",\"from\":\"-ca-pd\",\"to\":\"-ca-pd\",\"at\":\"202Z\",\"search\":\"\x01\x10\",\"authority\":\"\
\",\"requester\":{\"user\":\"\",\"full_name\":\"\",\"title\":\"Detective\",\"roles\":[\"sworn\"],\
\"trained_on\":\"202T00:00:00.000Z\"},\"why\":{\"purpose\":\"stolen_vehicle\",\"offense\":\"\",\
\"case\":\"26-00\",\"cad\":\"\",\"reason\":\"\",\"suspicion\":\"\",\"need_to_know\":\"\"},\
\"elements\":{\"kind\":\"exact\",\"plate\":\"\",\"from\":\"202\",\"until\":\"202Z\"},\"limit\":100}\
\",\"signatures\":[{\"keyid\":\"\x02\",\"sig\":\"\x04\x40\"}]}\n\
{\"payloadType\":\"application/vnd.accord.answer.v1+json\",\"payload\":\"\x03\x06{\"query_id\":\"\
\x01\x10\",\"query_digest\":\"\x01\x20\",\"from\":\"-ca-pd\",\"to\":\"-ca-pd\",\"at\":\"202Z\",\
\"decided_by\":{\"policy\":\"\x01\x20\",\"rules\":1},\"basis\":{\"authority\":\"\",\"version\":1,\
\"text\":\"\x01\x20\"},\"released\":{\"from\":\"202Z\",\"until\":\"202Z\",\"limit\":100,\"images\":\
false},\"count\":,\"truncated\":false,\"notice\":\"\",\"pages\":[{\"digest\":\"\x01\x20\",\"bytes\":\
,\"reads\":1}]}\",\"signatures\":[{\"keyid\":\"\x02\",\"sig\":\"\x04\x40\"}]}{\"at\":\"202\
Z\",\"actor\":{\"user\":\"\",\"full_name\":\"\",\"agency\":\"-ca-pd\",\"auth\":\"signed envelope\"},\
\"registry\":,\"event\":{\"kind\":\"query.sent\",\"access\":{\"query_id\":\"\x01\x10\",\"search\":\"\
\x01\x10\",\"asked_at\":\"202Z\",\"requester\":\"-ca-pd\",\"owner\":\"-ca-pd\",\"why\":{\"purpose\":\
\"\"},\"elements\":{\"kind\":\"exact\",\"plate\":\"\"},\"authority\":\"\",\"basis\":{\"authority\":\
\"\",\"version\":1,\"text\":\"\x01\x20\"},\"released\":{\"from\":\"\"},\"outcome\":\"answered\",\
\"count\":,\"query_digest\":\"\x01\x20\",\"answer_digest\":\"\x01\x20\"},\"receipt_digest\":\"\
\x01\x20\",\"theirs\":{\"log\":{\"index\":,\"size\":},\"header\":\"{\\\"v\\\":1,\\\"index\\\":\
,\\\"at\\\":\\\"202Z\\\",\\\"kind\\\":\\\"query.sent\\\",\\\"peer\\\":\\\"-ca-pd\\\",\
\\\"peer_seq\\\":,\\\"query\\\":\\\"\x01\x20\\\",\\\"body\\\":\\\"\x01\x20\\\",\\\"envelope\\\":\\\"\
\x01\x20\\\"}\",\"inclusion\":[\"\x01\x20\",\"\x01\x20\",\"\x01\x20\"],\"checkpoint\":\"accord/\
-ca-pd\\n\\n\x04\x20\\n\\n\xe2\x80\x94 accord/-ca-pd \x04\x44\\n\"}}}";
