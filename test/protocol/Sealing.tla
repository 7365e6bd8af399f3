------------------------------- MODULE Sealing -------------------------------
(***************************************************************************)
(* A conversation as docs/sealing.md describes it, with an attacker who    *)
(* has the server but not the invite: he keeps every sealed message, and   *)
(* can put any of them, at any time and as often as he likes, into any     *)
(* box, with whatever he writes on its outside. He cannot open or make     *)
(* one. With Invite = TRUE, he can make any.                               *)
(*                                                                         *)
(* Of all that he can write on the outside, only what the receiver expects *)
(* passes its first checks. So a message is taken if it was sealed with    *)
(* the receiver's key, for the outside that the receiver expects.          *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, Sequences

CONSTANTS
  Hosts,    \* the host's sessions, numbered from 1; a reload of its page can come between any two
  Guests,   \* the guests' sessions: each is a hello with a nonce and a box of its own
  Values,   \* how many values each side says in a session, at most
  Invite,   \* whether the attacker has the invite
  Faults    \* what is wrong with this variant of the protocol; see README.md

VARIABLES
  host,        \* the host's side of each of its sessions
  guest,       \* the guest's side of each of its sessions
  sealed,      \* every message that anybody has sealed
  remembered   \* the guests' nonces that the host has seen since its page was loaded

vars == <<host, guest, sealed, remembered>>

Fault(name) == name \in Faults

-----------------------------------------------------------------------------
(* Keys and messages. A guest's number stands for its nonce g and for its box, a host session's for its nonce h. *)

HostBox == 0
HostNonce(j) == IF Fault("the host's nonce is not new") THEN 1 ELSE j

(* What is derived from other inputs is another key. *)
HelloKey(g) == <<"hello", g, 0, HostBox, 0>>
Key(from, g, h, box) ==
  << IF Fault("one key for both sides") THEN "both" ELSE from,
     IF Fault("no guest's nonce in the keys") THEN 0 ELSE g,
     IF Fault("no host's nonce in the keys") THEN 0 ELSE h,
     HostBox,
     IF Fault("no boxes in the keys") THEN 0 ELSE box >>

(* The additional data: all that is written on the outside *)
Outside(to, from, g, h, n) ==
  IF Fault("no additional data") THEN <<0, "", 0, 0, 0>> ELSE <<to, from, g, h, n>>

Seal(key, outside, n, value) == [key |-> key, outside |-> outside, n |-> n, value |-> value]

(* A value is <<who, session, number, kind>>. *)
Value(from, session, n, kind) == <<from, session, n, kind>>
Forged(n, kind) == Value("attacker", 0, n, kind)
Kinds == {"value", "end", "error"}

(* What the attacker can put into a box so that this key, outside and number fit it *)
Available(key, outside, n) ==
  {m \in sealed : m.key = key /\ m.outside = outside /\ m.n = n} \cup
  (IF Invite THEN {Seal(key, outside, n, Forged(n, kind)) : kind \in Kinds} ELSE {})

-----------------------------------------------------------------------------
(* The two sides *)

(* peer: the other side's nonce, and box: the guest's, as this side knows them; sent: the last number used; *)
(* got: the values taken; said: whether this side has said that it leaves                                   *)
Idle == [state |-> "idle", peer |-> 0, box |-> 0, sent |-> 0, got |-> <<>>, said |-> FALSE]

Init ==
  /\ host = [j \in Hosts |-> Idle]
  /\ guest = [i \in Guests |-> Idle]
  /\ sealed = {}
  /\ remembered = {}

GuestSaysHello(i) ==
  /\ guest[i].state = "idle"
  /\ guest' = [guest EXCEPT ![i].state = "waiting", ![i].box = i]
  /\ sealed' = sealed \cup
       {Seal(HelloKey(i), Outside(HostBox, "guest", i, 0, 0), 0, Value("guest", i, 0, "value"))}
  /\ UNCHANGED <<host, remembered>>

HostTakesHello(j) ==
  /\ host[j].state = "idle"
  /\ \A k \in Hosts : k < j => host[k].state # "idle"
  /\ \E g \in Guests : \E m \in Available(HelloKey(g), Outside(HostBox, "guest", g, 0, 0), 0) :
       /\ g \notin remembered \/ Fault("hellos are not remembered")
       /\ host' = [host EXCEPT ![j].state = "open", ![j].peer = g, ![j].box = g]
       /\ remembered' = remembered \cup {g}
  /\ UNCHANGED <<guest, sealed>>

(* A side says something: a value, the end, or an error that ends the session. A number is used up even if the *)
(* server refuses the message, since it may have kept a copy; the side then says why, with the next number.    *)
HostSays(j) == \E kind \in Kinds :
  LET side == host[j]
      n == side.sent + 1
  IN /\ side.state = "open" /\ ~side.said
     /\ kind = "value" => n <= Values
     /\ host' = [host EXCEPT
          ![j].sent = IF Fault("a refused number is used again") /\ kind = "value" THEN @ ELSE n,
          ![j].said = kind # "value"]
     /\ sealed' = sealed \cup
          {Seal(Key("host", side.peer, HostNonce(j), side.box),
                Outside(side.box, "host", side.peer, HostNonce(j), n), n, Value("host", j, n, kind))}
     /\ UNCHANGED <<guest, remembered>>

(* A guest that has not heard from the host has no key to say anything with. *)
GuestSays(i) == \E kind \in Kinds :
  LET side == guest[i]
      n == side.sent + 1
  IN /\ side.state = "open" /\ ~side.said
     /\ kind = "value" => n <= Values
     /\ guest' = [guest EXCEPT ![i].sent = n, ![i].said = kind # "value"]
     /\ sealed' = sealed \cup
          {Seal(Key("guest", i, side.peer, i),
                Outside(HostBox, "guest", i, side.peer, n), n, Value("guest", i, n, kind))}
     /\ UNCHANGED <<host, remembered>>

(* The next number, except for an error, which may come after a gap *)
Fits(side, n, kind) ==
  \/ n = Len(side.got) + 1
  \/ n > Len(side.got) + 1 /\ (kind = "error" \/ (kind = "end" /\ Fault("the end may come after a gap")))
  \/ Fault("numbers are not checked")

Taken(side, value) ==
  CASE value[4] = "value" -> [side EXCEPT !.got = Append(@, value)]
    [] value[4] = "end" -> [side EXCEPT !.state = "left", !.got = Append(@, value)]
    [] value[4] = "error" -> [side EXCEPT !.state = "broken"]

Numbers == 1 .. Values + 1

HostTakes(j) ==
  LET side == host[j]
  IN /\ side.state = "open"
     /\ \E n \in Numbers :
          \E m \in Available(Key("guest", side.peer, HostNonce(j), side.box),
                             Outside(HostBox, "guest", side.peer, HostNonce(j), n), n) :
            /\ Fits(side, n, m.value[4])
            /\ Len(side.got) <= Values
            /\ host' = [host EXCEPT ![j] = Taken(side, m.value)]
     /\ UNCHANGED <<guest, sealed, remembered>>

(* The first message tells the guest the host's nonce. *)
GuestTakes(i) ==
  LET side == guest[i]
  IN /\ side.state \in {"waiting", "open"}
     /\ \E n \in Numbers, h \in {HostNonce(j) : j \in Hosts} :
          /\ side.state = "open" => h = side.peer
          /\ \E m \in Available(Key("host", i, h, i), Outside(i, "host", i, h, n), n) :
               /\ Fits(side, n, m.value[4])
               /\ Len(side.got) <= Values
               /\ guest' = [guest EXCEPT ![i] = Taken([side EXCEPT !.state = "open", !.peer = h], m.value)]
     /\ UNCHANGED <<host, sealed, remembered>>

(* Anything that is refused, and any time limit *)
Breaks ==
  \/ \E j \in Hosts : host[j].state = "open" /\ host' = [host EXCEPT ![j].state = "broken"]
       /\ UNCHANGED <<guest, sealed, remembered>>
  \/ \E i \in Guests : guest[i].state \in {"waiting", "open"} /\ guest' = [guest EXCEPT ![i].state = "broken"]
       /\ UNCHANGED <<host, sealed, remembered>>

HostReloads ==
  /\ remembered # {}
  /\ host' = [j \in Hosts |-> IF host[j].state = "open" THEN [host[j] EXCEPT !.state = "broken"] ELSE host[j]]
  /\ remembered' = {}
  /\ UNCHANGED <<guest, sealed>>

Next ==
  \/ \E i \in Guests : GuestSaysHello(i) \/ GuestSays(i) \/ GuestTakes(i)
  \/ \E j \in Hosts : HostTakesHello(j) \/ HostSays(j) \/ HostTakes(j)
  \/ Breaks
  \/ HostReloads

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
(* What must hold *)

(* got is what this side said, from the beginning, in order, without gaps. *)
IsWhatWasSaid(got, from, session, sent) ==
  /\ Len(got) <= sent
  /\ \A n \in 1 .. Len(got) : got[n][1] = from /\ got[n][2] = session /\ got[n][3] = n

(* What a side takes was said to it, in this session, by a side that has the same session in mind. *)
GuestHearsHost ==
  \A i \in Guests : guest[i].got # <<>> =>
    \E j \in Hosts :
      /\ guest[i].peer = HostNonce(j) /\ host[j].peer = i
      /\ IsWhatWasSaid(guest[i].got, "host", j, host[j].sent)
HostHearsGuest ==
  \A j \in Hosts : host[j].got # <<>> =>
    \E i \in Guests :
      /\ host[j].peer = i /\ guest[i].peer = HostNonce(j)
      /\ IsWhatWasSaid(host[j].got, "guest", i, guest[i].sent)

(* What a guest says is taken in one session only, however often its hello is replayed. *)
HeardOnce == \A j, k \in Hosts :
  host[j].got # <<>> /\ host[k].got # <<>> /\ host[j].peer = host[k].peer => j = k

(* The other side left only if it said so, and then nothing that it said is missing. *)
LeftIsWhole ==
  /\ \A i \in Guests : guest[i].state = "left" =>
       \E j \in Hosts : host[j].said /\ host[j].peer = i /\ host[j].sent = Len(guest[i].got)
  /\ \A j \in Hosts : host[j].state = "left" =>
       \E i \in Guests : guest[i].said /\ host[j].peer = i /\ guest[i].sent = Len(host[j].got)

(* AES-GCM gives its key away if a number is used twice with it. *)
NumbersUsedOnce == \A m, o \in sealed : m.key = o.key /\ m.n = o.n => m = o

-----------------------------------------------------------------------------
(* What can happen: the checker must find a counterexample to each of these, or the model would be empty. *)

NobodyHears == ~\E j \in Hosts, i \in Guests : Len(host[j].got) >= 2 /\ Len(guest[i].got) >= 2
NobodyLeaves == ~\E i \in Guests : guest[i].state = "left"
NoHelloReplayed == ~\E j, k \in Hosts : j # k /\ host[j].peer = host[k].peer /\ host[j].sent > 0 /\ host[k].sent > 0
=============================================================================
