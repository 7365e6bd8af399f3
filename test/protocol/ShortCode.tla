------------------------------ MODULE ShortCode ------------------------------
(***************************************************************************)
(* The first exchange and what follows it, as docs/sealing.md ("The short  *)
(* code") and docs/call-protocol.md describe them, with an attacker who    *)
(* has the invite and the server. He has every key, so every message that  *)
(* anybody sends is his to read, and every message that anybody takes is   *)
(* his to write: there is no network here, only what he knows (known) and  *)
(* what he makes of it. Whatever he does not pass on is dropped.           *)
(*                                                                         *)
(* Values are <<kind, number, known>>. One that the attacker chooses has   *)
(* the kind "own", and carries what he knew when he chose it. That is all  *)
(* that matters about it: with a code of six digits, he finds a value that *)
(* makes two codes equal if and only if he already knows everything else   *)
(* that goes into them (Forced). Otherwise, they are equal by chance, once *)
(* in a million, which is not in the model; how often he may hope for that *)
(* is (GuessesBounded).                                                    *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets

CONSTANTS
  Hosts,    \* the sessions that the host can begin, numbered from 1
  Guests,   \* the hellos: of several guests, of one that says hello again, or both
  Limit,    \* how many attempts to join the host allows; all of them count here, and for good
  Faults    \* what is wrong with this variant of the protocol; see README.md

VARIABLES
  host,        \* the host's side of each of its sessions
  guest,       \* the guest's side of each hello
  known,       \* the random values of host and guests that the attacker has seen
  remembered,  \* the guests' nonces that the host has seen
  attempts     \* the attempts that the host has counted

vars == <<host, guest, known, remembered, attempts>>

Fault(name) == name \in Faults

-----------------------------------------------------------------------------
(* Values *)

Nothing == <<"nothing", 0, {}>>
Nonce(i) == <<"g", i, {}>>
HostNonce(j) == <<"h", j, {}>>
Opening(i) == <<"opening", IF Fault("the same opening in every hello") THEN 1 ELSE i, {}>>
Random(j) == IF Fault("no random number") THEN Nothing ELSE <<"random", j, {}>>

(* Certificates stand for their fingerprints. The attacker knows them all from the start, but can use only his own. *)
(* The host has one for all connections, which docs/sealing.md allows.                                              *)
HostCertificate == <<"host", 0, {}>>
GuestCertificate(i) == <<"guest", i, {}>>

(* A value or certificate that the attacker chooses now *)
Chosen == <<"own", 0, known>>
IsOwn(value) == value[1] = "own"

(* What he can say where a value of this kind is expected: his own, or one that he has seen *)
Sayable(kind) == {Chosen} \cup {value \in known : value[1] = kind}
Certificates == {Chosen, HostCertificate} \cup {GuestCertificate(i) : i \in Guests}

Commit(opening, certificate) == [opening |-> opening, certificate |-> certificate]
NoCommitment == Commit(Nothing, Nothing)

(* The guest's, word for word, once he has seen them; or any that he can make *)
Commitments ==
  {Commit(Opening(i), GuestCertificate(i)) : i \in {k \in Guests : guest[k].state # "idle"}} \cup
  {Commit(opening, certificate) : opening \in Sayable("opening"), certificate \in Certificates}

Opens(commitment, opening, certificate) ==
  \/ Fault("no commitment")
  \/ /\ commitment.opening = opening
     /\ commitment.certificate = certificate \/ Fault("no fingerprint in the commitment")

(* A description: the certificate that the client reads in it, and the one that WebRTC goes by *)
Descriptions(certificates) ==
  IF Fault("a hidden fingerprint")
  THEN [read : certificates, used : certificates]
  ELSE {[read |-> certificate, used |-> certificate] : certificate \in certificates}

-----------------------------------------------------------------------------
(* The two sides *)

(* What a code is derived from. Drop addresses go with the nonces. *)
NoCode == [g |-> Nothing, h |-> Nothing, opening |-> Nothing, random |-> Nothing, host |-> Nothing, guest |-> Nothing]

(* pinned is the other side's certificate that the code covers, used the one that the connection is made with; *)
(* offering: this side has made an offer after the first exchange, and waits for the answer                    *)
Idle == [state |-> "idle", g |-> Nothing, commitment |-> NoCommitment, pinned |-> Nothing, used |-> Nothing,
         code |-> NoCode, offering |-> FALSE]
Ended == [Idle EXCEPT !.state = "ended"]

Init ==
  /\ host = [j \in Hosts |-> Idle]
  /\ guest = [i \in Guests |-> Idle]
  /\ known = {}
  /\ remembered = {}
  /\ attempts = 0

GuestSaysHello(i) ==
  /\ guest[i].state = "idle"
  /\ \A k \in Guests : k < i => guest[k].state # "idle"
  /\ guest' = [guest EXCEPT ![i].state = "waiting"]
  /\ known' = known \cup {Nonce(i)}
  /\ UNCHANGED <<host, remembered, attempts>>

(* Any hello: a guest's, the attacker's, or a mixture. While it waits, the host lets the guest know, which reveals h. *)
HostTakesHello(j) ==
  /\ host[j].state = "idle"
  /\ \A k \in Hosts : k < j => host[k].state # "idle"
  /\ \E g \in Sayable("g"), commitment \in Commitments :
       /\ g \notin remembered
       /\ host' = [host EXCEPT ![j] = [Idle EXCEPT !.state = "waiting", !.g = g, !.commitment = commitment]]
       /\ remembered' = IF IsOwn(g) THEN remembered ELSE remembered \cup {g}
  /\ known' = known \cup {HostNonce(j)}
  /\ UNCHANGED <<guest, attempts>>

HostOffers(j) ==
  /\ host[j].state = "waiting"
  /\ attempts < Limit \/ Fault("no limit on attempts")
  /\ attempts' = attempts + 1
  /\ host' = [host EXCEPT ![j].state = "offered"]
  /\ known' = known \cup ({Random(j)} \ {Nothing})
  /\ UNCHANGED <<guest, remembered>>

(* The guest takes any first offer, and answers with its opening. *)
GuestAnswers(i) ==
  /\ guest[i].state = "waiting"
  /\ \E h \in Sayable("h"),
        random \in (IF Fault("no random number") THEN {Nothing} ELSE Sayable("random")),
        opening \in {Opening(i)} \cup (IF Fault("the guest takes an opening") THEN {Chosen} ELSE {}),
        d \in Descriptions(Certificates) :
       /\ guest' = [guest EXCEPT ![i] = [@ EXCEPT
            !.state = "agreed", !.pinned = d.read, !.used = d.used,
            !.code = [g |-> Nonce(i), h |-> h, opening |-> opening, random |-> random,
                      host |-> d.read, guest |-> GuestCertificate(i)]]]
       /\ known' = IF opening = Opening(i) THEN known \cup {opening} ELSE known
  /\ UNCHANGED <<host, remembered, attempts>>

(* What the attacker committed to is still his to say. *)
OpeningsFor(j) == Sayable("opening") \cup {o \in {host[j].commitment.opening} : IsOwn(o)}
CertificatesFor(j) == Certificates \cup {c \in {host[j].commitment.certificate, host[j].pinned} : IsOwn(c)}

HostCode(j, opening, certificate) ==
  [g |-> host[j].g, h |-> HostNonce(j), opening |-> opening, random |-> Random(j),
   host |-> HostCertificate, guest |-> certificate]

HostAgrees(j, opening, d) ==
  host' = [host EXCEPT ![j] = [@ EXCEPT
    !.state = "agreed", !.pinned = d.read, !.used = d.used, !.code = HostCode(j, opening, d.read)]]

(* The host takes nothing but an answer that opens the commitment. *)
HostTakesAnswer(j) ==
  /\ host[j].state = "offered"
  /\ ~Fault("another opening after the check")
  /\ \E opening \in OpeningsFor(j), d \in Descriptions(CertificatesFor(j)) :
       /\ Opens(host[j].commitment, opening, d.read)
       /\ HostAgrees(j, opening, d)
  /\ UNCHANGED <<guest, known, remembered, attempts>>

(* The fault: the commitment is checked with the first description, whatever its type. An offer collides with the *)
(* host's own, and is ignored. The answer that follows is no longer the first, and its opening is taken.          *)
HostTakesAnything(j) ==
  /\ host[j].state = "offered"
  /\ Fault("another opening after the check")
  /\ \E type \in {"offer", "answer"}, opening \in OpeningsFor(j), d \in Descriptions(CertificatesFor(j)) :
       /\ IF host[j].pinned = Nothing THEN Opens(host[j].commitment, opening, d.read) ELSE d.read = host[j].pinned
       /\ IF type = "answer" THEN HostAgrees(j, opening, d) ELSE host' = [host EXCEPT ![j].pinned = d.read]
  /\ UNCHANGED <<guest, known, remembered, attempts>>

-----------------------------------------------------------------------------
(* Later descriptions: renegotiation and ICE restarts *)

(* An answer belongs to this side's offer. If two offers collide, the host ignores the guest's, and the guest *)
(* takes the host's in place of its own.                                                                       *)
Described(side, role, type, d) ==
  CASE type = "offer" /\ side.offering /\ role = "host" -> side
    [] type = "answer" /\ ~side.offering -> Ended
    [] OTHER -> [side EXCEPT !.offering = FALSE, !.used = d.used]

(* What a side can be after it has made an offer of its own, or taken what the attacker sends it *)
LaterSides(side, role) ==
  {[side EXCEPT !.offering = TRUE]} \cup
  {IF d.read = side.pinned \/ Fault("other certificates later") THEN Described(side, role, type, d) ELSE Ended :
    type \in {"offer", "answer"}, d \in Descriptions(Certificates \cup {side.pinned})} \cup
  {[side EXCEPT !.code.random = random] :
    random \in IF role = "guest" /\ Fault("another random number later") THEN Sayable("random") ELSE {}}

HostGoesOn(j) ==
  /\ host[j].state = "agreed"
  /\ \E new \in LaterSides(host[j], "host") : host' = [host EXCEPT ![j] = new]
  /\ UNCHANGED <<guest, known, remembered, attempts>>

GuestGoesOn(i) ==
  /\ guest[i].state = "agreed"
  /\ \E new \in LaterSides(guest[i], "guest") : guest' = [guest EXCEPT ![i] = new]
  /\ UNCHANGED <<host, known, remembered, attempts>>

(* Anything that is refused, a broken connection, a time limit, or somebody who leaves. A guest that says hello *)
(* again is the next one of Guests.                                                                              *)
HostEnds(j) ==
  /\ host[j].state \notin {"idle", "ended"}
  /\ host' = [host EXCEPT ![j] = Ended]
  /\ UNCHANGED <<guest, known, remembered, attempts>>

GuestEnds(i) ==
  /\ guest[i].state \notin {"idle", "ended"}
  /\ guest' = [guest EXCEPT ![i] = Ended]
  /\ UNCHANGED <<host, known, remembered, attempts>>

(* The host's page is reloaded: it keeps the invite and the count, but forgets the sessions and the nonces. *)
HostReloads ==
  /\ host' = [j \in Hosts |-> IF host[j].state = "idle" THEN Idle ELSE Ended]
  /\ remembered' = {}
  /\ attempts' = IF Fault("a reload forgets the attempts") THEN 0 ELSE attempts
  /\ UNCHANGED <<guest, known>>

Next ==
  \/ \E i \in Guests : GuestSaysHello(i) \/ GuestAnswers(i) \/ GuestGoesOn(i) \/ GuestEnds(i)
  \/ \E j \in Hosts :
       \/ HostTakesHello(j) \/ HostOffers(j) \/ HostTakesAnswer(j) \/ HostTakesAnything(j)
       \/ HostGoesOn(j) \/ HostEnds(j)
  \/ HostReloads

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
(* What must hold *)

Parts(code) == {code[part] : part \in DOMAIN code}
IsSecret(value) == value[1] \in {"g", "h", "opening", "random"}

(* The attacker made a choice that went into one of the codes, or both, when he knew everything else in them. *)
Forced(x, y) ==
  LET parts == Parts(x) \cup Parts(y)
  IN \E value \in parts : IsOwn(value) /\ {other \in parts : IsSecret(other)} \subseteq value[3]

SameDigits(x, y) == x = y \/ Forced(x, y)

Compared(j, i) == host[j].state = "agreed" /\ guest[i].state = "agreed"
Direct(j, i) == host[j].used = GuestCertificate(i) /\ guest[i].used = HostCertificate
Between(j, i) == IsOwn(host[j].used) /\ IsOwn(guest[i].used)

(* Two people who see the same digits, not by chance, are connected to each other. *)
SameDigitsMeanDirect ==
  \A j \in Hosts, i \in Guests :
    Compared(j, i) /\ SameDigits(host[j].code, guest[i].code) => Direct(j, i)

(* No side ever uses a certificate that its code does not cover. *)
OnlyCoveredCertificates ==
  /\ \A j \in Hosts : host[j].state = "agreed" => host[j].used = host[j].code.guest
  /\ \A i \in Guests : guest[i].state = "agreed" => guest[i].used = guest[i].code.host

(* The sessions whose code the attacker can compute, and so choose from, cost the host an attempt each. *)
Computable == {j \in Hosts : HostNonce(j) \in known /\ {Random(j)} \ {Nothing} \subseteq known}
GuessesBounded == Cardinality(Computable) <= Limit

(* What has been agreed on does not change as long as the conversation lasts. *)
Stands(side, next) ==
  side.state = "agreed" /\ next.state = "agreed" => next.code = side.code /\ next.pinned = side.pinned
AgreementStands ==
  [][/\ \A j \in Hosts : Stands(host[j], host'[j])
     /\ \A i \in Guests : Stands(guest[i], guest'[i])]_vars

-----------------------------------------------------------------------------
(* What can happen: the checker must find a counterexample to each of these, or the model would be empty. *)

NobodyMeets == ~\E j \in Hosts, i \in Guests :
  Compared(j, i) /\ Direct(j, i) /\ host[j].code = guest[i].code
NobodyIsBetween == ~\E j \in Hosts, i \in Guests : Compared(j, i) /\ Between(j, i)
NoGlare == ~\E j \in Hosts, i \in Guests :
  Compared(j, i) /\ host[j].code = guest[i].code /\ host[j].offering /\ guest[i].offering
=============================================================================
